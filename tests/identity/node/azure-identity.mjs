// @azure/identity, unmodified: the credentials that need no browser of a person.
import { createRequire } from "node:module";
const identity = createRequire(`${process.env.PARTNER_INSIGHTS_NODE_MODULES}/`)("@azure/identity");

const [url, tenant, resource, certificatePath] = process.argv.slice(2);
const options = { authorityHost: url, disableInstanceDiscovery: true };
const scope = `${resource}/user_impersonation`;

async function authorizationCode() {
  const redirectUri = "http://localhost:8400/back";
  const query = new URLSearchParams({
    client_id: "app", response_type: "code", redirect_uri: redirectUri, scope: `openid offline_access ${scope}`,
  });
  const response = await fetch(`${url}/${tenant}/oauth2/v2.0/authorize?${query}`, { redirect: "manual" });
  const code = new URL(response.headers.get("location")).searchParams.get("code");
  const credential = new identity.AuthorizationCodeCredential(tenant, "app", "secret", code, redirectUri, options);
  const first = await credential.getToken(scope);
  await credential.getToken(scope); // from what it keeps
  return first.token;
}

const service = new identity.UsernamePasswordCredential(tenant, "app", "ann@contoso.example", "any", options);
const userAssertionToken = (await service.getToken("api://app/access")).token;
const device = new identity.DeviceCodeCredential({
  ...options, tenantId: tenant, clientId: "app", userPromptCallback: () => {},
});
const results = {
  client: (await new identity.ClientSecretCredential(tenant, "app", "secret", options).getToken(`${resource}/.default`)).token,
  certificate: (await new identity.ClientCertificateCredential(tenant, "app", { certificatePath }, options)
    .getToken(`${resource}/.default`)).token,
  password: (await service.getToken(scope)).token,
  behalf: (await new identity.OnBehalfOfCredential({
    ...options, tenantId: tenant, clientId: "app", clientSecret: "secret", userAssertionToken,
  }).getToken(scope)).token,
  device: (await device.getToken(scope)).token,
  code: await authorizationCode(),
};
console.log(JSON.stringify(results));
