// openid-client, unmodified: discovery, code with PKCE and nonce, refresh, device code, client credentials by secret and by key.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const where = createRequire(`${process.env.PARTNER_INSIGHTS_NODE_MODULES}/`);
const client = await import(pathToFileURL(where.resolve("openid-client")));

const [url, tenant, resource, certificatePath] = process.argv.slice(2);
const issuer = new URL(`${url}/${tenant}/v2.0`);
const config = await client.discovery(issuer, "app", "secret");
const redirect_uri = "http://localhost:8400/back";
const scope = `openid profile offline_access ${resource}/user_impersonation`;

const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const expectedNonce = client.randomNonce();
const asked = client.buildAuthorizationUrl(config, {
  redirect_uri, scope, state: expectedState, nonce: expectedNonce, code_challenge_method: "S256",
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
});
const response = await fetch(asked, { redirect: "manual" });
const back = new URL(response.headers.get("location"));
const first = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true });
const renewed = await client.refreshTokenGrant(config, first.refresh_token);
const begun = await client.initiateDeviceAuthorization(config, { scope });
const device = await client.pollDeviceAuthorizationGrant(config, begun);
const alone = await client.clientCredentialsGrant(config, { scope: `${resource}/.default` });

// By a key of its own instead of a secret; and the grants that have no function of their own.
const pem = readFileSync(certificatePath, "utf8");
const pkcs8 = Buffer.from(pem.match(/BEGIN PRIVATE KEY-----([^-]+)/)[1], "base64");
const key = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, ["sign"]);
const der = Buffer.from(pem.match(/BEGIN CERTIFICATE-----([^-]+)/)[1], "base64");
const header = (name) => ({ [client.modifyAssertion]: (head) => { head[name] = createHash("sha256").update(der).digest("base64url"); } });
const certified = await client.discovery(issuer, "app", undefined, client.PrivateKeyJwt({ key }, header("x5t#S256")));
const certificate = await client.clientCredentialsGrant(certified, { scope: `${resource}/.default` });
const user = { username: "ann@contoso.example", password: "any" };
const password = await client.genericGrantRequest(config, "password", { ...user, scope });
const service = await client.genericGrantRequest(config, "password", { ...user, scope: "api://app/access" });
const behalf = await client.genericGrantRequest(config, "urn:ietf:params:oauth:grant-type:jwt-bearer", {
  assertion: service.access_token, requested_token_use: "on_behalf_of", scope,
});
console.log(JSON.stringify({
  code: first.access_token, silent: renewed.access_token, device: device.access_token, client: alone.access_token,
  certificate: certificate.access_token, password: password.access_token, behalf: behalf.access_token,
}));
