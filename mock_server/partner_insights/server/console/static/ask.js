// A path under /_admin → its JSON, or a Refusal in words.

let adminToken = null; // only ever here: not in the address, a cookie or the browser's storage

const root = location.pathname.replace(/\/+$/, ""); // of a session, /_sessions/ID

export function useAdminToken(token) {
  adminToken = token;
}

export class Refusal extends Error {
  constructor(status, words) {
    super(words);
    this.status = status; // 0: no answer at all
  }
}

export function adminHeaders() {
  return adminToken ? { "X-Admin-Token": adminToken } : {};
}

export async function ask(path, method = "GET", content = undefined) {
  const headers = { Accept: "application/json", ...adminHeaders() };
  if (content !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(`${root}/_admin/${path}`, { method, headers, body: JSON.stringify(content) });
  } catch {
    throw new Refusal(0, "The fake does not answer. Is it still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok)
    throw new Refusal(response.status, answer.error ?? `the fake answered ${response.status}`);
  return answer;
}
