// The fake's description of itself → Swagger UI with a token in place, whose requests keep the API's rules.

import { ask } from "./ask.js";
import { element, whenSeen } from "./elements.js";

const MARGIN = 300; // seconds before its end at which a token is replaced
const OURS = "renewed-by-the-console"; // stands for the token, which is put in when a request is sent
const OWN_HEADERS = ["MS-RequestId", "MS-CorrelationId"]; // set for each request, below

/** Load it when it is first looked at; `answered` is called after each answer. */
export function tryIt(place, answered) {
  let begun = false;
  whenSeen(place, () => {
    if (begun) return;
    begun = true;
    load(place, answered).catch(() =>
      place.replaceChildren(
        element("p", { class: "error", role: "alert" }, "The API console could not be loaded."),
      ),
    );
  });
}

async function load(place, answered) {
  document.head.prepend(element("link", { rel: "stylesheet", href: "/_console/swagger-ui.css" })); // ours after it
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", follow);
  follow();
  const [spec] = await Promise.all([
    fetch(place.dataset.openapi).then((answer) => answer.json()),
    script("/_console/swagger-ui-bundle.js"),
  ]);
  new MutationObserver(() => mend(place)).observe(place, { childList: true, subtree: true });
  const manners = new Manners();
  const scheme = Object.keys(spec.components?.securitySchemes ?? {})[0];
  const swagger = window.SwaggerUIBundle({
    domNode: place,
    spec: described(spec),
    plugins: [{ wrapComponents: { InfoContainer: () => () => null } }], // the page has said it already
    deepLinking: false,
    defaultModelsExpandDepth: -1,
    docExpansion: "list",
    tryItOutEnabled: true,
    onComplete: () => {
      if (scheme && document.body.dataset.auth !== "off") swagger.preauthorizeApiKey(scheme, OURS);
    },
    validatorUrl: null, // the default asks another host
    requestInterceptor: (request) => manners.ask(request),
    responseInterceptor: (answer) => {
      manners.learn(answer);
      answered();
      return answer;
    },
  });
}

/** What Swagger UI leaves out: what scrolls is to be reached by keyboard, a field is to have a name. */
function mend(place) {
  for (const scrolling of place.querySelectorAll("pre:not([tabindex])")) scrolling.tabIndex = 0;
  for (const field of place.querySelectorAll("[data-param-name] :is(select, input):not([aria-label])")) {
    field.setAttribute("aria-label", field.closest("[data-param-name]").dataset.paramName);
  }
}

function script(address) {
  return new Promise((resolve, reject) =>
    document.head.append(element("script", { src: address, onload: resolve, onerror: reject })),
  );
}

/** The description as it is for somebody at this page: short, and about this very server. */
function described(spec) {
  const named = spec.components?.parameters ?? {};
  delete spec.servers; // the page has one alone: its own
  for (const item of Object.values(spec.paths)) {
    for (const operation of Object.values(item)) {
      for (const [status, response] of Object.entries(operation.responses ?? {})) {
        delete response.headers; // an answer shows them; of the others their line is enough
        if (!status.startsWith("2")) delete response.content;
      }
      operation.parameters = (operation.parameters ?? [])
        .map((each) => (each.$ref ? (named[each.$ref.split("/").pop()] ?? each) : each))
        .filter((each) => !OWN_HEADERS.includes(each.name));
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
    if (!headers.Authorization || headers.Authorization === `Bearer ${OURS}`) {
      const token = await this.#current();
      if (token) headers.Authorization = `Bearer ${token}`;
    }
    headers["MS-RequestId"] ??= this.#failed.get(request.url) ?? guid();
    headers["MS-CorrelationId"] ??= guid();
    headers["X-Insights-Console"] = "1"; // in the journal, and not held against the client
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
  const [a, b, c, d, e] = [8, 4, 3, 3, 12].map((length) =>
    Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => (byte & 15).toString(16)).join(""),
  );
  return `${a}-${b}-4${c}-a${d}-${e}`;
}
