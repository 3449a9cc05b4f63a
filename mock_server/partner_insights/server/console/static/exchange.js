// An entry of the journal → its body in lines to read, and its request as a curl line to paste.

import { ask } from "./ask.js";
import { element } from "./elements.js";

/** JSON, also the beginning of it, with a line for each member; any other text as it is. */
export function indented(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  const parts = text.match(/"(?:[^"\\]|\\.)*"?|[[\]{},:]|[^\s"[\]{},:]+/g) ?? [];
  let depth = 0;
  let made = "";
  parts.forEach((part, place) => {
    const line = () => `\n${"  ".repeat(depth)}`;
    if (part === "{" || part === "[") {
      depth += 1;
      made += part + (/^[}\]]$/.test(parts[place + 1] ?? "") ? "" : line());
    } else if (part === "}" || part === "]") {
      depth = Math.max(0, depth - 1);
      made += (/^[{[]$/.test(parts[place - 1] ?? "") ? "" : line()) + part;
    } else if (part === ",") made += part + line();
    else made += part === ":" ? ": " : part;
  });
  return made;
}

/** A button that copies the request with a token that works now; null where its body was not kept. */
export function curlButton(entry) {
  if (entry.method !== "GET" && entry.method !== "HEAD") return null;
  const place = element("div", { class: "command" });
  const label = document.createTextNode("Copy as curl");
  const copy = async () => {
    const line = await curl(entry);
    const code = element("code", {}, line);
    place.replaceChildren(
      element("pre", { tabindex: "0", role: "region", "aria-label": `Request ${entry.number} as curl` }, code),
    );
    try {
      await navigator.clipboard.writeText(line);
      label.data = "Copied";
    } catch {
      getSelection().selectAllChildren(code); // no clipboard without TLS: to be copied by hand
      label.data = "Marked";
    }
    setTimeout(() => (label.data = "Copy as curl"), 2000);
  };
  return element("div", {}, element("button", { type: "button", onclick: copy }, label), place);
}

async function curl(entry) {
  const { token } = document.body.dataset.auth === "off" ? { token: null } : await ask("token");
  const headers = { Authorization: token && `Bearer ${token}`, Accept: entry.accept, Prefer: entry.prefer };
  headers["X-Locale"] = entry.locale;
  const sent = Object.entries(headers).flatMap(([name, value]) => (value ? ["-H", `${name}: ${value}`] : []));
  const address = location.origin + encodeURI(entry.path) + (entry.query ? `?${entry.query}` : "");
  const words = ["curl", "-i", ...(entry.method === "HEAD" ? ["--head"] : []), ...sent, address];
  return words.map(quoted).join(" ");
}

/** As one word of a POSIX shell. */
function quoted(word) {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
