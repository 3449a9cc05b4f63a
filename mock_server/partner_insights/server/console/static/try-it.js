// The fake's description of itself → Swagger UI with a token in place, whose requests keep the API's rules.

import { ask } from "./ask.js";
import { element, whenSeen } from "./elements.js";

const MARGIN = 300; // seconds before its end at which a token is replaced
const OWN_HEADERS = ["MS-RequestId", "MS-CorrelationId"]; // set for each request, below

/** Load it when it is first looked at; `answered` is called after each answer. */
export function tryIt(place, answered) {
  let begun = false;
  whenSeen(place, () => {
    if (begun) return;
    begun = true;
    load(place, answered).catch(() => place.replaceChildren(element("p", { class: "error", role: "alert" }, "The API console could not be loaded.")));
  });
}

async function load(place, answered) {
  document.head.append(element("link", { rel: "stylesheet", href: "/_console/swagger-ui.css" }));
  const [spec] = await Promise.all([fetch(place.dataset.openapi).then((answer) => answer.json()), script("/_console/swagger-ui-bundle.js")]);
  const manners = new Manners();
  window.SwaggerUIBundle({
    domNode: place,
    spec: described(spec),
    deepLinking: false,
    defaultModelsExpandDepth: -1,
    docExpansion: "list",
    tryItOutEnabled: true,
    validatorUrl: null, // the default asks another host
    requestInterceptor: (request) => manners.ask(request),
    responseInterceptor: (answer) => {
      manners.learn(answer);
      answered();
      return answer;
    },
  });
}

function script(address) {
  return new Promise((resolve, reject) => document.head.append(element("script", { src: address, onload: resolve, onerror: reject })));
}

/** The description as it is for somebody at this page: this very server, a customer of its own. */
function described(spec) {
  const named = spec.components?.parameters ?? {};
  const customer = document.body.dataset.customer;
  spec.servers = [{ url: location.origin }];
  for (const item of Object.values(spec.paths)) {
    for (const operation of Object.values(item)) {
      if (!Array.isArray(operation.parameters)) continue;
      operation.parameters = operation.parameters
        .map((each) => (each.$ref ? (named[each.$ref.split("/").pop()] ?? each) : each))
        .filter((each) => !OWN_HEADERS.includes(each.name))
        .map((each) => (each.name === "customer-id" && customer ? { ...each, example: customer } : each));
    }
  }
  return spec;
}

/** What a well-behaved client sends: a fresh token, a new correlation id, and on a retry the same request id. */
class Manners {
  #token = null;
  #expires = 0;
  #failed = new Map(); // address → request id of a request that failed

  async ask(request) {
    const { headers } = request;
    if (!headers.Authorization) {
      const token = await this.#current();
      if (token) headers.Authorization = `Bearer ${token}`;
    }
    headers["MS-RequestId"] ??= this.#failed.get(request.url) ?? guid();
    headers["MS-CorrelationId"] ??= guid();
    return request;
  }

  learn(answer) {
    const id = answer.headers?.["ms-requestid"];
    if (answer.status === 401) this.#token = null;
    else if (!answer.ok && id) this.#failed.set(answer.url, id);
    else this.#failed.delete(answer.url);
  }

  async #current() {
    if (document.body.dataset.auth === "off") return null;
    if (!this.#token || Date.now() > this.#expires) {
      const { token, expiresIn } = await ask("token");
      this.#token = token;
      this.#expires = Date.now() + 1000 * Math.max(0, expiresIn - MARGIN);
    }
    return this.#token;
  }
}

function guid() {
  // crypto.randomUUID is there on TLS and loopback only.
  const [a, b, c, d, e] = [8, 4, 3, 3, 12].map((length) => Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => (byte & 15).toString(16)).join(""));
  return `${a}-${b}-4${c}-a${d}-${e}`;
}
