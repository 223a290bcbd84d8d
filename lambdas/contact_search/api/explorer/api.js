// Sends requests to the API that this page is from, with the key that was typed in or the token of a sign-in.

const STORED = "contact-search-credential";

/** The address of the API: where this page is, behind a stage or a base path if it has one. */
export const BASE = new URL("./", document.baseURI);

/** An error that the API describes as application/problem+json (RFC 9457). */
export class Problem extends Error {
  constructor(members, retryAfter = 0) {
    super(members.detail);
    Object.assign(this, { errors: [], ...members });
    this.name = (members.type ?? "").replace("/problems/", "");
    this.retryAfter = retryAfter; // seconds
  }
}

/** Return the header with the credential of this tab, such as {"x-api-key": "…"}, or null. */
export function storedCredential() {
  return JSON.parse(sessionStorage.getItem(STORED) ?? "null");
}

/** Keep the header with the credential until the tab is closed. Forget it if it is null. */
export function storeCredential(header) {
  if (header) sessionStorage.setItem(STORED, JSON.stringify(header));
  else sessionStorage.removeItem(STORED);
}

/** Send a GET request with these [name, value] pairs, and return the JSON of the response. */
export function get(path, pairs = [], signal = undefined, headers = {}) {
  const query = new URLSearchParams(pairs).toString();
  return send("GET", query ? `${path}?${query}` : path, undefined, headers, signal);
}

/** Send a request, and return the JSON of the response. Throw a Problem if it is refused or fails. */
export async function send(method, path, body = undefined, headers = {}, signal = undefined) {
  const sent = { ...storedCredential(), accept: "application/json, application/problem+json", ...headers };
  if (body !== undefined) sent["content-type"] = "application/json";
  let response, content;
  try {
    response = await fetch(new URL(path, BASE), { method, headers: sent, body: body && JSON.stringify(body), signal });
    content = response.status === 204 ? null : await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error; // before the response came or while it was read
    if (!response || response.ok) { // the body of a failure may be anything
      throw new Problem({ title: "No connection", detail: "The service cannot be reached, or its response is incomplete." });
    }
  }
  if (response.ok) return content;
  throw new Problem(
    { title: "Failed", detail: `The service answered with the status ${response.status}.`, status: response.status, ...content },
    Number(response.headers.get("retry-after") ?? 0),
  );
}

/** Return all entries of a list such as v1/queues, at most so many. */
export async function list(path, member, pairs = [], most = 1000) {
  const entries = [];
  let cursor = null;
  do {
    const page = await get(path, [...pairs, ["limit", Math.min(most, 1000)], ...(cursor ? [["cursor", cursor]] : [])]);
    entries.push(...page[member]);
    cursor = page.next_cursor;
  } while (cursor && entries.length < most);
  return entries;
}

/** Wait for so many seconds, or until the signal aborts. */
export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("ended", "AbortError"));
    });
  });
}
