// The panel with all that is known of one contact.

import { get } from "./api.js";
import { byId, element } from "./dom.js";
import { duration, time, word } from "./format.js";

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
const COURSE = [
  ["initiation_timestamp", "Started"], ["scheduled_timestamp", "Scheduled"], ["queue_info.enqueue_timestamp", "Entered the queue"],
  ["agent_info.connected_to_agent_timestamp", "Reached an agent"], ["disconnect_timestamp", "Ended"],
];
const panel = byId("details");
const workspace = byId("workspace");
let pending = null;
let onClosed = () => {};

/**
 * Show the contact in the panel.
 * @param contact The contact as the search found it.
 * @param onRead Called with the contact's attributes, once they are known.
 * @param closed Called when the panel is closed.
 */
export async function open(contact, onRead, closed) {
  pending?.abort();
  pending = new AbortController();
  const { signal } = pending;
  onClosed = closed;
  workspace.classList.add("with-details");
  panel.hidden = false;
  show(contact, "Reading more about it …");
  panel.focus();
  try {
    const full = await read(contact.id, signal);
    show(full, "");
    if (full.attributes) onRead(full.attributes);
  } catch (problem) {
    if (problem.name === "AbortError") return;
    const isMissing = problem.status === 404 && contact.id;
    show(contact, isMissing ? "This is what the search found. The service has no more about it." : `${problem.title}: ${problem.message}`);
  }
}

export function close() {
  if (panel.hidden) return;
  pending?.abort();
  panel.hidden = true;
  panel.replaceChildren();
  workspace.classList.remove("with-details");
  onClosed();
}

/** Read a contact with its attributes, or without them if they are not granted. */
export async function read(id, signal) {
  const path = `v1/contacts/${encodeURIComponent(id)}`;
  try {
    return await get(path, [["expand", "queue,agent,attributes"]], signal);
  } catch (problem) {
    if (problem.status !== 403 && problem.status !== 422) throw problem;
    return get(path, [["expand", "queue,agent"]], signal);
  }
}

function show(contact, note) {
  const { attributes, tags, segment_attributes: segments, queue_info: queue, agent_info: agent, ...rest } = contact;
  const course = COURSE.map(([path, label]) => [label, at(contact, path)]).filter(([, moment]) => moment);
  const others = (members) => members && Object.entries(members).filter(([name]) => !COURSE.some(([path]) => path.endsWith(name)));
  panel.replaceChildren(
    element("div", { class: "dialog-head" },
      element("h2", { id: "details-title" }, `${word(contact.channel) || "A"} contact`),
      element("button", { type: "button", class: "close", "aria-label": "Close the details", click: close }, "✕")),
    element("div", { class: "body" },
      note && element("p", { class: "hint", role: "status" }, note),
      section("Course", [
        ...course.map(([label, moment]) => [label, time(moment)]),
        ["Took", duration(contact.initiation_timestamp, contact.disconnect_timestamp) || "in progress"],
        ["Method", word(contact.initiation_method)], ["Queue", queue?.name], ["Agent", agent?.username],
      ].filter(([, value]) => value)),
      section("Contact attributes", attributes && Object.entries(attributes)),
      section("Tags", tags && Object.entries(tags)),
      section("Segment attributes", segments && Object.entries(segments)),
      section("Queue", others(queue)),
      section("Agent", others(agent)),
      section("Everything else", others(rest))),
  );
}

function section(title, entries) {
  if (!entries?.length) return null;
  return element("section", {}, element("h3", {}, title), definitions(entries));
}

function definitions(entries) {
  return element("dl", {}, ...entries.map(unwrapped).flatMap(([name, value]) => [
    element("dt", {}, name), element("dd", { class: isNested(value) ? "nested" : null }, content(value)),
  ]));
}

/** Turn an object with one member, such as the value of a segment attribute, into the value of that member. */
function unwrapped([name, value]) {
  const isSingle = isNested(value) && !Array.isArray(value) && Object.keys(value).length === 1;
  return isSingle ? unwrapped([name, Object.values(value)[0]]) : [name, value];
}

function isNested(value) {
  return Array.isArray(value) ? value.some(isNested) : Boolean(value) && typeof value === "object";
}

function content(value) {
  if (Array.isArray(value) && !isNested(value)) return value.join(", ");
  if (isNested(value)) return definitions(Object.entries(value));
  if (typeof value === "string" && TIMESTAMP.test(value)) return time(value);
  return String(value);
}

function at(contact, path) {
  return path.split(".").reduce((value, name) => value?.[name], contact);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) close();
});
