// openid-client, unmodified: discovery, code with PKCE and nonce, refresh, device code, client credentials.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const where = createRequire(`${process.env.PARTNER_INSIGHTS_NODE_MODULES}/`);
const client = await import(pathToFileURL(where.resolve("openid-client")));

const [url, tenant, resource] = process.argv.slice(2);
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
console.log(JSON.stringify({
  code: first.access_token, silent: renewed.access_token, device: device.access_token, client: alone.access_token,
}));
