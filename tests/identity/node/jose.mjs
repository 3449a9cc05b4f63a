// jose, unmodified: a resource server that verifies the token given by the directory's own key set.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const where = createRequire(`${process.env.PARTNER_INSIGHTS_NODE_MODULES}/`);
const jose = await import(pathToFileURL(where.resolve("jose")));

const [url, tenant, resource, token] = process.argv.slice(2);
const document = await (await fetch(`${url}/${tenant}/.well-known/openid-configuration`)).json();
const keys = jose.createRemoteJWKSet(new URL(document.jwks_uri));
const { payload } = await jose.jwtVerify(token, keys, { issuer: document.issuer, audience: resource });
const forged = token.slice(0, -6) + "AAAAAA";
const refused = await jose.jwtVerify(forged, keys, { audience: resource }).then(() => "taken", (error) => error.code);
console.log(JSON.stringify({ upn: payload.upn, refused }));
