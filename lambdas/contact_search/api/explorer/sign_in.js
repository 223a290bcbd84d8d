// Signs a person in at the OIDC issuer: authorization code with PKCE (RFC 6749, RFC 7636, OpenID Connect Core 1.0).

import { BASE, storeCredential, storedCredential } from "./api.js";

const PENDING = "contact-search-sign-in"; // what has to come back from the issuer, and where the person was
const CLOCKS_DIFFER = 60_000; // milliseconds

/** What the page knows of the issuer, or null if the service has none for people. */
export const ISSUER = JSON.parse(document.querySelector("meta[name=sign-in]").content);

/** Tell whether the person of this tab has signed in. */
export function isSignedIn() {
  return "authorization" in (storedCredential() ?? {});
}

/** Go to the issuer, which sends the person back to this page. */
export async function begin() {
  const [state, nonce, verifier] = [secret(), secret(), secret()];
  sessionStorage.setItem(PENDING, JSON.stringify({ state, nonce, verifier, fragment: location.hash }));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  go(ISSUER.authorization_endpoint, {
    ...ISSUER.parameters,
    response_type: "code",
    client_id: ISSUER.client_id,
    redirect_uri: BASE.href,
    scope: ISSUER.scopes.join(" "),
    state,
    nonce,
    code_challenge: toBase64Url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
}

/**
 * Finish what `begin` began, if the issuer has sent the person back: get the token, and show the search that stood in
 * the address before. Throw an error that says what went wrong.
 */
export async function finish() {
  const answer = new URLSearchParams(location.search);
  if (!ISSUER || !answer.has("state")) return;
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "{}");
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, "", `${BASE.pathname}${pending.fragment ?? location.hash}`); // the code is of no use a second time
  if (pending.state !== answer.get("state")) throw new Error("This tab did not ask for this sign-in.");
  if (answer.has("iss") && answer.get("iss") !== ISSUER.issuer) throw new Error("Another issuer has answered.");
  if (answer.has("error")) throw new Error(answer.get("error_description") ?? answer.get("error"));
  const tokens = await exchange(answer.get("code"), pending.verifier);
  check(tokens, pending.nonce);
  storeCredential({ authorization: `Bearer ${tokens.access_token}` });
}

/** Forget the token, and sign out at the issuer if it has an address for that. Return whether the page is left. */
export function signOut() {
  const wasSignedIn = isSignedIn();
  storeCredential(null);
  if (!wasSignedIn || !ISSUER?.end_session_endpoint) return false;
  go(ISSUER.end_session_endpoint, { client_id: ISSUER.client_id, post_logout_redirect_uri: BASE.href });
  return true;
}

async function exchange(code, verifier) {
  const body = new URLSearchParams({
    grant_type: "authorization_code", code, redirect_uri: BASE.href, client_id: ISSUER.client_id, code_verifier: verifier,
  });
  let response;
  try {
    response = await fetch(ISSUER.token_endpoint, { method: "POST", body, headers: { accept: "application/json" } });
  } catch {
    throw new Error("The issuer cannot be reached.");
  }
  const content = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(content.error_description ?? content.error ?? `The issuer answered with the status ${response.status}.`);
  return content;
}

/** Check the ID token. It came from the issuer itself, so its signature need not be (OpenID Connect Core, 3.1.3.7). */
function check(tokens, nonce) {
  const claims = claimsOf(tokens.id_token ?? "");
  const isRight = claims.nonce === nonce && claims.iss === ISSUER.issuer && [claims.aud].flat().includes(ISSUER.client_id)
    && claims.exp * 1000 > Date.now() - CLOCKS_DIFFER;
  if (!isRight) throw new Error("The issuer's answer is not for this sign-in.");
  if (!tokens.access_token || tokens.token_type?.toLowerCase() !== "bearer") throw new Error("The issuer gave no bearer token.");
}

function claimsOf(token) {
  try {
    const octets = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(octets, (octet) => octet.charCodeAt(0))));
  } catch {
    return {};
  }
}

function go(endpoint, parameters) {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  location.assign(url);
}

function secret() {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
}

function toBase64Url(octets) {
  return btoa(String.fromCharCode(...octets)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
