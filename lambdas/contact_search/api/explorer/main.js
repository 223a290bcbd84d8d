// The page: asks for a credential, runs searches, follows them, and shows what comes back.

import { get, pause, storeCredential, storedCredential } from "./api.js";
import * as details from "./details.js";
import { byId, element } from "./dom.js";
import * as exports from "./exports.js";
import * as form from "./form.js";
import { number, time } from "./format.js";
import * as histogram from "./histogram.js";
import { fromAddress, parameterAt, timestampOf, toAddress, valueOf, windowOf, without } from "./parameters.js";
import * as results from "./results.js";
import { begin, finish, ISSUER, isSignedIn, signOut } from "./sign_in.js";
import * as snippets from "./snippets.js";

const EXPAND = ["expand", "queue,agent"];
const PATIENT = { prefer: "wait=20" };
const DEFAULT_SEARCH = [["last", "P7D"]];
const LONGEST_FOLLOWED = 86_400_000; // milliseconds of history before a search is followed
const MOST_FOLLOWED = 1000; // contacts that stay in the table
const SAMPLED = 5; // contacts whose attributes are read to learn which keys there are
const SAMPLE = 25; // contacts of the same time that are loaded for that if the search finds none

let search = DEFAULT_SEARCH; // what is shown
let contacts = [];
let sample = []; // contacts that show which keys there are, if the search finds none
let cursor = null;
let total = null;
let running = new AbortController();
const attributesRead = { keys: new Set(), contacts: 0, isRead: false };

/** Show the page for the credential of this tab, or ask for one. */
async function start() {
  const isKnown = Boolean(storedCredential());
  byId("entrance").hidden = isKnown;
  byId("workspace").hidden = byId("account").hidden = !isKnown;
  byId("sign-in").hidden = !ISSUER;
  byId("sandbox-keys").hidden = !["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
  byId("leave").textContent = isSignedIn() ? "Sign out" : "Change key";
  if (!isKnown) {
    byId(ISSUER ? "begin-sign-in" : "key").focus();
    return;
  }
  showSignInProblem("");
  form.prepare(keysSeen);
  await Promise.all([showAddress(), showClient()]);
}

/** Show what is wrong with a sign-in, or nothing. */
function showSignInProblem(text) {
  byId("sign-in-problem").replaceChildren(text ? element("p", { class: "fault" }, text) : "");
}

/** Show who the client is, and only what it is granted. */
async function showClient() {
  byId("client").textContent = "";
  const me = await get("v1/me").catch(() => ({})); // the search tells what is wrong
  byId("client").textContent = me.client ? `Client ${me.client}` : "";
  byId("show-exports").hidden = me.grant?.exports === false;
  form.applyGrant(me.grant ?? {});
}

/** Ask for another credential: the service does not know the one of this tab, or not any more. */
function refuseCredential(problem) {
  const wasSignedIn = isSignedIn();
  storeCredential(null);
  running.abort();
  byId("entrance").hidden = false;
  byId("workspace").hidden = byId("account").hidden = true;
  if (wasSignedIn) {
    showSignInProblem(`${problem.title}: your sign-in has ended. Sign in again.`);
    byId("begin-sign-in").focus();
    return;
  }
  const field = byId("key").closest(".field");
  field.querySelector(".fault")?.remove();
  field.append(element("p", { class: "fault", id: "key-fault", role: "alert" }, `${problem.title}: this key is not valid.`));
  byId("key").setAttribute("aria-invalid", "true");
  byId("key").setAttribute("aria-describedby", "key-fault");
  byId("key").focus();
}

/** Run the search that stands in the page's address. */
async function showAddress() {
  const pairs = fromAddress();
  search = pairs.length ? pairs : DEFAULT_SEARCH;
  form.show(search);
  await run();
}

/** Run the search of the form, in this order (the default one if it is ""). */
async function submit(sort = valueOf(search, "sort"), isFollowed = false) {
  search = [...form.read(), ...(sort ? [["sort", sort]] : []), ...(isFollowed ? [["follow", "true"]] : [])];
  toAddress(search);
  await run();
}

async function run() {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  [contacts, cursor, total] = [[], null, null];
  const isFollowed = valueOf(search, "follow") === "true";
  byId("follow").setAttribute("aria-pressed", String(isFollowed));
  byId("follow").textContent = isFollowed ? "Stop following" : "Follow live";
  details.close();
  form.clearFaults();
  showProblem(null);
  histogram.hide();
  byId("empty").hidden = byId("next-page").hidden = true;
  results.begin({ order: isFollowed ? `-${timeField()}` : order(), onSort: isFollowed ? null : sortBy, onOpen: openContact });
  byId("count").textContent = "Searching …";
  await attempt(() => (isFollowed ? follow(signal) : loadPage(signal)), signal);
}

/** Load the next page of the search, and add it to the table. */
async function loadPage(signal) {
  const isFirst = cursor === null;
  const page = await fetchPage(search, signal);
  contacts.push(...page.contacts);
  [cursor, total] = [page.next_cursor, page.total];
  const firstRow = results.add(page.contacts);
  if (!isFirst) firstRow?.querySelector("button").focus();
  byId("next-page").hidden = !cursor;
  byId("empty").hidden = contacts.length > 0;
  byId("empty").textContent = cursor ? "This page is empty. The next one may have contacts." : "No contact matches this search.";
  count(page);
  drawHistogram();
  learnAttributes(signal);
}

/** Show contacts as they come about, newest first, until the signal aborts. */
async function follow(signal) {
  let followed = 0;
  for (;;) {
    const page = await fetchPage(search, signal);
    contacts.push(...page.contacts);
    cursor = page.next_cursor;
    contacts = contacts.slice(-MOST_FOLLOWED);
    followed += page.contacts.length;
    results.add(page.contacts, { atTop: true });
    results.trim(MOST_FOLLOWED);
    drawHistogram();
    const until = page.complete_until ? `, complete until ${time(page.complete_until)}` : "";
    const wait = page.caught_up ? page.poll_after : 0;
    byId("count").replaceChildren("Live: ", element("strong", {}, number(followed)), ` contacts${until}${wait ? "" : ", catching up"}`);
    if (wait) await pause(wait, signal);
  }
}

/** Return a page. Wait and ask again while Connect's quota is used up. */
async function fetchPage(pairs, signal) {
  const query = [...without(pairs, "expand"), EXPAND, ...(cursor ? [["cursor", cursor]] : [])];
  for (;;) {
    try {
      return await get("v1/contacts", query, signal, PATIENT);
    } catch (problem) {
      if (problem.name !== "throttled") throw problem;
      const seconds = Math.max(problem.retryAfter, 1);
      byId("count").textContent = `Amazon Connect's quota is used up. Asking again in ${seconds} s …`;
      await pause(seconds, signal);
    }
  }
}

async function attempt(action, signal) {
  byId("results").setAttribute("aria-busy", "true");
  try {
    await action();
  } catch (problem) {
    if (problem.name === "AbortError") return;
    if (problem.status === 401) {
      refuseCredential(problem);
      return;
    }
    if (!(problem.title && problem.detail)) throw problem;
    byId("count").textContent = "";
    showProblem(problem);
    form.showFaults(problem.errors);
  } finally {
    if (!signal.aborted) byId("results").setAttribute("aria-busy", "false");
  }
}

/** Show a problem with all its faults, or none. */
function showProblem(problem, place = byId("problem")) {
  place.replaceChildren(...(problem ? [
    element("p", {}, element("strong", {}, problem.title), ` ${problem.detail}`),
    problem.errors?.length ? element("ul", {}, ...problem.errors.map((error) =>
      element("li", {}, element("code", {}, error.parameter ?? parameterAt(error.pointer ?? "")), ` ${error.detail}`))) : "",
    element("small", {},
      problem.type ? element("a", { href: problem.type.replace(/^\//, "") }, "What this means") : "",
      problem.request_id ? ` Request ${problem.request_id}` : ""),
  ] : []));
}

function count(page) {
  const relation = page.total.relation === "gte" ? "at least " : "";
  const notes = [
    page.truncated && "Connect gives no more in this order",
    page.expanded === false && "names cannot be read at the moment",
  ].filter(Boolean);
  byId("count").replaceChildren(
    element("strong", {}, number(contacts.length)), ` of ${relation}`, element("strong", {}, number(page.total.value)),
    ` contacts${notes.map((note) => `; ${note}`).join("")}`);
}

function timeField() {
  return (valueOf(search, "time_field") || "initiation_timestamp").toLowerCase();
}

/** Return the field that the contacts are in the order of, with a leading "-" if descending. */
function order() {
  return valueOf(search, "sort").toLowerCase() || (timeField() === "enqueue_timestamp" ? "-initiation_timestamp" : `-${timeField()}`);
}

function sortBy(field, isDescending) {
  submit(`${isDescending ? "-" : ""}${field}`);
}

/** Draw the loaded contacts: over the whole window if all are loaded, else over the time that they are from. */
function drawHistogram() {
  const moments = contacts.map((contact) => timestampOf(contact, timeField())).filter((moment) => !Number.isNaN(moment));
  const [windowStart, windowEnd] = windowOf(search);
  const isFollowed = valueOf(search, "follow") === "true";
  const isWhole = !cursor && !Number.isNaN(windowStart) && !isFollowed;
  const [start, end] = isWhole ? [windowStart, windowEnd] : [Math.min(...moments), Math.max(...moments)];
  histogram.draw(moments, start, end, isFollowed ? null : narrow);
}

function narrow(start, end) {
  form.setWindow(start, end);
  submit();
}

function openContact(contact) {
  results.mark(contact.id);
  details.open(contact, remember, () => {
    results.mark(null);
    results.focus(contact.id);
  });
}

/** Return the keys of the contacts loaded so far, by kind. */
function keysSeen() {
  const known = contacts.length ? contacts : sample;
  const keys = (member) => ({ keys: new Set(known.flatMap((contact) => Object.keys(contact[member] ?? {}))), contacts: known.length });
  return { attribute: attributesRead, segment: keys("segment_attributes"), tag: keys("tags") };
}

function remember(attributes) {
  Object.keys(attributes).forEach((key) => attributesRead.keys.add(key));
  attributesRead.contacts += 1;
  form.checkKeys();
}

/** Read the attributes of a few contacts, once someone asks for a key: searches do not return them. */
async function learnAttributes(signal) {
  form.checkKeys();
  if (attributesRead.isRead || !byId("key-rows").childElementCount) return;
  attributesRead.isRead = true;
  if (!contacts.length) {
    const window = search.filter(([name]) => ["last", "from", "to", "time_field"].includes(name));
    sample = await get("v1/contacts", [...window, ["limit", SAMPLE]], signal, PATIENT).then((page) => page.contacts, () => []);
    form.checkKeys();
  }
  for (const contact of (contacts.length ? contacts : sample).slice(0, SAMPLED)) {
    const full = await details.read(contact.id, signal).catch(() => null);
    if (!full?.attributes) return;
    remember(full.attributes);
  }
}

/** Follow the search of the form from now on, with a day of its history at most. */
function toggleFollowing() {
  const pairs = form.read();
  if (valueOf(search, "follow") === "true") {
    form.show(without(pairs, "settle")); // which means nothing to other searches
    submit("", false);
    return;
  }
  const [start, end] = windowOf(pairs);
  if (valueOf(pairs, "to") || !(end - start <= LONGEST_FOLLOWED)) form.show([["last", "PT1H"], ...without(pairs, "last", "from", "to")]);
  submit("", true);
}

byId("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = byId("key").value.trim();
  byId("key").value = "";
  if (!/^[\x21-\x7e]+$/.test(key)) {
    refuseCredential({ title: "Unauthenticated" });
    return;
  }
  byId("key").closest(".field").querySelector(".fault")?.remove();
  byId("key").removeAttribute("aria-invalid");
  storeCredential({ "x-api-key": key });
  start();
});
byId("begin-sign-in").addEventListener("click", () => {
  showSignInProblem("");
  begin();
});
byId("leave").addEventListener("click", () => {
  running.abort();
  details.close();
  if (!signOut()) start();
});
byId("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  submit(valueOf(search, "sort"), valueOf(search, "follow") === "true");
});
byId("start-over").addEventListener("click", () => {
  form.show(DEFAULT_SEARCH);
  submit("");
});
byId("next-page").addEventListener("click", () => {
  byId("next-page").hidden = true;
  attempt(() => loadPage(running.signal), running.signal);
});
byId("follow").addEventListener("click", toggleFollowing);
byId("show-code").addEventListener("click", () => snippets.open([...without(search, "expand"), EXPAND]));
byId("show-exports").addEventListener("click", () => exports.open(async () => {
  const pairs = without(search, "follow", "settle");
  return { pairs, ids: await form.idsOf(pairs) };
}, showProblem));
byId("keys-field").addEventListener("focusin", () => learnAttributes(running.signal));
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("results").focus();
});
for (const button of document.querySelectorAll("dialog .close")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
addEventListener("popstate", () => storedCredential() && showAddress());

await finish().catch((error) => showSignInProblem(`You are not signed in. ${error.message}`));
start();
