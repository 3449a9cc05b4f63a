// @azure/msal-node, unmodified: every flow it has, against the directory at the address given.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const msal = createRequire(`${process.env.PARTNER_INSIGHTS_NODE_MODULES}/`)("@azure/msal-node");

const [url, tenant, resource, certificatePath] = process.argv.slice(2);
const scopes = [`${resource}/user_impersonation`];
const redirectUri = "http://localhost:8400/back";
const auth = { clientId: "app", authority: `${url}/${tenant}`, knownAuthorities: [new URL(url).host] };
const confidential = new msal.ConfidentialClientApplication({ auth: { ...auth, clientSecret: "secret" } });
const pem = readFileSync(certificatePath, "utf8");
const [privateKey, x5c] = [pem.slice(0, pem.indexOf("-----BEGIN CERTIFICATE")), pem.slice(pem.indexOf("-----BEGIN CERTIFICATE"))];
const thumbprintSha256 = new X509Certificate(x5c).fingerprint256.replaceAll(":", "");
const certified = new msal.ConfidentialClientApplication({
  auth: { ...auth, clientCertificate: { thumbprintSha256, privateKey, x5c } },
});
const open = new msal.PublicClientApplication({ auth });

async function code() {
  const { verifier, challenge } = await new msal.CryptoProvider().generatePkceCodes();
  const asked = { scopes, redirectUri, codeChallenge: challenge, codeChallengeMethod: "S256", nonce: "n", state: "s" };
  const response = await fetch(await confidential.getAuthCodeUrl(asked), { redirect: "manual" });
  const back = new URL(response.headers.get("location")).searchParams;
  const first = await confidential.acquireTokenByCode({
    scopes, redirectUri, code: back.get("code"), codeVerifier: verifier, state: "s", nonce: "n",
  }, { code: back.get("code"), state: back.get("state") });
  const again = await confidential.acquireTokenSilent({ scopes, account: first.account, forceRefresh: true });
  if (again.fromCache || again.account.homeAccountId !== first.account.homeAccountId) throw new Error("not renewed");
  return { code: first.accessToken, silent: again.accessToken };
}

const service = await open.acquireTokenByUsernamePassword({
  scopes: ["api://app/access"], username: "ann@contoso.example", password: "any",
});
const results = {
  ...(await code()),
  client: (await confidential.acquireTokenByClientCredential({ scopes: [`${resource}/.default`] })).accessToken,
  certificate: (await certified.acquireTokenByClientCredential({ scopes: [`${resource}/.default`] })).accessToken,
  password: (await open.acquireTokenByUsernamePassword({ scopes, username: "ann@contoso.example", password: "any" })).accessToken,
  behalf: (await confidential.acquireTokenOnBehalfOf({ scopes, oboAssertion: service.accessToken })).accessToken,
  device: (await open.acquireTokenByDeviceCode({ scopes, deviceCodeCallback: () => {} })).accessToken,
};
console.log(JSON.stringify(results));
