// The form: shows a search, reads it, and shows faults at the fields that they are about.

import { get, list, Problem } from "./api.js";
import { byId, element } from "./dom.js";
import { dayEnd, dayStart, kindAndKey } from "./parameters.js";
import { pickList } from "./pick_list.js";

const METHODS = [
  "INBOUND", "OUTBOUND", "TRANSFER", "QUEUE_TRANSFER", "CALLBACK", "API", "DISCONNECT", "MONITOR", "EXTERNAL_OUTBOUND",
  "WEBRTC_API", "AGENT_REPLY", "FLOW",
];
const KINDS = { attribute: "Contact attribute", segment: "Segment attribute", tag: "Tag" };
// Parameters that the page sets by itself, or in another way than by a field.
const ELSEWHERE = new Set(["sort", "follow", "expand", "cursor", "fields"]);
const OWN = new Set(["last", "from", "to", "time_field", "channel", "queue", "agent", "initiation_method", "name", "limit"]);

const form = byId("search-form");
const [fromInput, toInput] = [byId("from"), byId("to")];
let lists = {};
let known = { queue: [], agent: [] }; // what the pick lists have shown, with ids
let otherParameters = null; // of the OpenAPI document, once someone asks for them
let grantedKinds = Object.keys(KINDS);
let grantedKeys = null; // of contact attributes; null is "not limited"
let keysSeen = () => ({ attribute: null, segment: null, tag: null });
let faults = 0;

/**
 * Prepare the form for a client.
 * @param seen Returns the keys of the contacts loaded so far by kind, with the number of contacts that they are from.
 */
export function prepare(seen) {
  keysSeen = seen;
  known = { queue: [], agent: [] };
  lists = {
    queue: pickList(byId("queue-list"), { label: "Queue", find: findQueues }),
    agent: pickList(byId("agent-list"), { label: "Agent", find: findAgents }),
    initiation_method: pickList(byId("method-list"), { label: "Method", find: findMethods }),
  };
}

/** Show a search in the form. */
export function show(pairs) {
  form.reset();
  clearFaults();
  byId("key-rows").replaceChildren();
  byId("other-rows").replaceChildren();
  const all = (name) => pairs.filter(([known]) => known === name).map(([, value]) => value);
  showWindow(all("last")[0], all("from")[0], all("to")[0]);
  select(form.elements.time_field, (all("time_field")[0] ?? "").toLowerCase().replace(/^initiation_timestamp$/, ""));
  select(form.elements.limit, (all("limit")[0] ?? "").replace(/^50$/, ""));
  const channels = all("channel").flatMap((value) => value.toUpperCase().split(","));
  for (const box of form.querySelectorAll("#channels input")) box.checked = channels.includes(box.value);
  lists.queue.choose(all("queue"));
  lists.agent.choose(all("agent"));
  lists.initiation_method.choose(all("initiation_method").flatMap((value) => value.toUpperCase().split(",")));
  form.elements.name.value = all("name")[0] ?? "";
  all("name").slice(1).forEach((value) => addOther("name", value));
  showOthers(pairs);
}

/** Return the search in the form. */
export function read() {
  const pairs = [...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value);
  if (!pairs.some(([name]) => name === "last")) pairs.unshift(...readWindow());
  for (const [name, choice] of Object.entries(lists)) pairs.push(...choice.values().map((value) => [name, value]));
  const said = byId("transcript").value.trim();
  if (said) pairs.push([byId("role").value, said]);
  for (const row of byId("key-rows").children) {
    const [kind, key, value] = ["kind", "key", "value"].map((part) => row.querySelector(`.${part}`).value.trim());
    if (key && value) pairs.push([`${kind}.${key}`, value]);
  }
  for (const row of byId("other-rows").children) {
    const [name, value] = ["parameter", "value"].map((part) => row.querySelector(`.${part}`).value.trim());
    if (name && value) pairs.push([name, value]);
  }
  return pairs;
}

/** Choose this window. */
export function setWindow(start, end) {
  showWindow("", new Date(start).toISOString(), new Date(end).toISOString());
}

/** Show faults at the fields that they are about. The first of these gets the focus. */
export function showFaults(errors) {
  clearFaults();
  errors.forEach(showFault);
  const first = form.querySelector("[aria-invalid]");
  if (first) {
    byId("toggle-filters").setAttribute("aria-expanded", "true");
    first.closest("details")?.setAttribute("open", "");
    first.focus();
  }
}

export function clearFaults() {
  form.querySelectorAll(".fault").forEach((fault) => fault.remove());
  form.querySelectorAll(".invalid").forEach((field) => field.classList.remove("invalid"));
  for (const control of form.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
  }
}

/** Return the ids of the queues and agents that the search names. Throw a Problem if a name is not known. */
export async function idsOf(pairs) {
  const ids = { queue: [], agent: [] };
  for (const [kind, name] of pairs.filter(([parameter]) => parameter in ids)) {
    const find = kind === "queue" ? findQueues : findAgents;
    const is = (entry) => entry.name.toLowerCase() === name.toLowerCase();
    if (!known[kind].some(is)) await find(name);
    const found = known[kind].filter(is);
    if (!found.length) {
      const errors = [{ parameter: kind, code: "unknown_name", detail: "is not a name that you may see" }];
      throw new Problem({ title: "Unknown name", detail: `There is no ${kind} of this name.`, errors });
    }
    ids[kind].push(...found.map((entry) => entry.id));
  }
  return ids;
}

/** Say at the rows of keys which of them no loaded contact has, and offer those that are known. */
export function checkKeys() {
  const seen = keysSeen();
  for (const row of byId("key-rows").children) checkKey(row, seen);
}

async function findQueues(text) {
  if (!known.queue.length) {
    known.queue = await list("v1/queues", "queues");
  }
  const wanted = text.toLowerCase();
  return known.queue.map((entry) => entry.name).filter((name) => name.toLowerCase().includes(wanted));
}

/** There may be thousands of agents: the API looks for them. */
async function findAgents(text) {
  const found = (await list("v1/agents", "agents", text ? [["name", text]] : [], 100))
    .map(({ id, username }) => ({ id, name: username }));
  const ids = new Set(known.agent.map((entry) => entry.id));
  known.agent.push(...found.filter((entry) => !ids.has(entry.id)));
  return found.map((entry) => entry.name);
}

function findMethods(text) {
  return METHODS.filter((method) => method.toLowerCase().includes(text.toLowerCase()));
}

/** Show only what a client with this grant may ask for. */
export function applyGrant(grant) {
  for (const box of form.querySelectorAll("#channels input")) {
    box.disabled = Boolean(grant.channels && !grant.channels.includes(box.value));
  }
  const fields = grant.fields ?? null;
  byId("queue-list").hidden = Boolean(fields && !fields.includes("queue_info"));
  byId("agent-list").hidden = Boolean(fields && !fields.includes("agent_info"));
  byId("name").closest(".field").hidden = Boolean(fields && !fields.includes("name"));
  byId("transcript-field").hidden = grant.transcript_search === false;
  grantedKeys = grant.attribute_keys ?? null;
  const kinds = {
    attribute: grantedKeys?.length !== 0,
    segment: !fields || fields.includes("segment_attributes"),
    tag: !fields || fields.includes("tags"),
  };
  grantedKinds = Object.keys(KINDS).filter((kind) => kinds[kind]);
  byId("keys-field").hidden = !grantedKinds.length;
}

/** Choose an option, which is added if there is none of this value. */
function select(control, value) {
  if (![...control.options].some((option) => option.value === value)) control.append(element("option", { value }, value));
  control.value = value;
}

function showWindow(last, from, to) {
  if (last && ![...form.elements.last].some((radio) => radio.value === last)) {
    byId("ranges").append(element("label", {}, element("input", { type: "radio", name: "last", value: last }), element("span", {}, last)));
  }
  for (const [input, text, edge] of [[fromInput, from, dayStart], [toInput, to, dayEnd]]) {
    input.value = text ? localTime(edge(text)) : "";
    input.dataset.shown = input.value;
    input.dataset.text = text ?? "";
  }
  for (const radio of form.elements.last) radio.checked = radio.value === (last ?? "");
  showCustomRange();
}

/** What was shown and not changed is sent as it came: a date stays a date. */
function readWindow() {
  return [["from", fromInput], ["to", toInput]]
    .filter(([, input]) => input.value && !byId("custom-range").hidden)
    .map(([name, input]) => [
      name, input.value === input.dataset.shown ? input.dataset.text : new Date(input.value).toISOString(),
    ]);
}

function showCustomRange() {
  byId("custom-range").hidden = form.querySelector('[name="last"]:checked')?.value !== "";
}

function localTime(moment) {
  if (Number.isNaN(moment)) return "";
  const date = new Date(moment);
  return new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function showOthers(pairs) {
  let isTranscriptShown = false;
  for (const [name, value] of pairs) {
    const keyed = kindAndKey(name);
    if (keyed) {
      addKey(...keyed, value);
    } else if (name.split(".")[0] === "transcript" && name !== "transcript_match" && !isTranscriptShown) {
      byId("role").value = name;
      byId("transcript").value = value;
      byId("transcript-field").dataset.parameter = name;
      isTranscriptShown = true;
    } else if (!OWN.has(name) && !ELSEWHERE.has(name)) {
      addOther(name, value);
    }
  }
}

function addKey(kind = grantedKinds[0], key = "", value = "") {
  const row = element(
    "div", { class: "row" },
    element("select", { class: "kind", "aria-label": "Kind", change: () => checkKey(row, keysSeen()) },
      ...Object.entries(KINDS).filter(([word]) => grantedKinds.includes(word) || word === kind)
        .map(([word, label]) => element("option", { value: word, selected: word === kind }, label))),
    removeButton("Remove this attribute or tag"),
    element("input", {
      type: "text", class: "key wide", value: key, placeholder: "Key", "aria-label": "Key", list: listFor(), spellcheck: "false",
      input: () => checkKey(row, keysSeen()),
    }),
    element("input", { type: "text", class: "value wide", value, placeholder: "Value", "aria-label": "Value" }),
    element("p", { class: "hint", role: "status" }),
  );
  row.append(element("datalist", { id: row.querySelector(".key").getAttribute("list") }));
  byId("key-rows").append(row);
  checkKey(row, keysSeen());
  return row;
}

function listFor() {
  faults += 1;
  return `keys-${faults}`;
}

function checkKey(row, seen) {
  const [kind, key] = [row.querySelector(".kind").value, row.querySelector(".key").value.trim()];
  row.dataset.parameter = `${kind}.${key}`;
  const found = seen[kind];
  const offered = kind === "attribute" && grantedKeys ? grantedKeys : (found?.keys ?? []);
  row.querySelector("datalist").replaceChildren(...[...offered].map((value) => element("option", { value })));
  const isUnseen = key && found && found.contacts && !found.keys.has(key);
  row.querySelector(".hint").textContent = isUnseen
    ? `None of the ${found.contacts} contacts ${kind === "attribute" ? "whose attributes were read" : "loaded so far"} has this key.`
    : "";
}

function addOther(name = "", value = "") {
  const select = element("select", { class: "parameter", "aria-label": "Parameter", change: () => explain(row) },
    element("option", { value: name, selected: true }, name || "Choose a parameter"));
  const row = element(
    "div", { class: "row", "data-parameter": name },
    select,
    removeButton("Remove this parameter"),
    element("input", { type: "text", class: "value wide", value, placeholder: "Value", "aria-label": "Value", spellcheck: "false" }),
    element("p", { class: "hint" }),
  );
  byId("other-rows").append(row);
  offerParameters(row, name);
  return row;
}

/** Offer what the OpenAPI document lists and no field of the form is for. */
async function offerParameters(row, name) {
  otherParameters ??= get("openapi.json").then((document) =>
    document.paths["/v1/contacts"].get.parameters.filter(
      (parameter) => parameter.in === "query" && !parameter.style?.startsWith("deep") && !OWN.has(parameter.name) && !ELSEWHERE.has(parameter.name),
    ));
  const offered = (await otherParameters.catch(() => [])).filter((parameter) => parameter.name !== name);
  row.querySelector(".parameter").append(...offered.map((parameter) => element("option", { value: parameter.name }, parameter.name)));
  explain(row);
}

async function explain(row) {
  const name = row.querySelector(".parameter").value;
  row.dataset.parameter = name;
  const parameter = (await otherParameters.catch(() => [])).find((one) => one.name === name);
  const example = [parameter?.example ?? ""].flat()[0];
  row.querySelector(".hint").textContent = parameter?.description.replaceAll("`", "") ?? "";
  row.querySelector(".value").placeholder = example ? `Such as ${example}` : "Value";
}

function removeButton(label) {
  return element("button", {
    type: "button", class: "remove", "aria-label": label, title: label,
    click: (event) => {
      const container = event.target.closest("fieldset");
      event.target.closest(".row").remove();
      container.querySelector(":scope > button").focus();
    },
  }, "✕");
}

function showFault(error) {
  const fields = [...form.querySelectorAll("[data-parameter]")];
  const is = (name) => name === error.parameter || name.split(" ").includes(error.parameter);
  const isShown = (one) => !one.closest("[hidden]");
  const field = fields.find((one) => one.dataset.parameter === error.parameter && isShown(one))
    ?? fields.find((one) => is(one.dataset.parameter) && isShown(one));
  if (!field) return;
  faults += 1;
  const fault = element("p", { class: "fault", id: `fault-${faults}` }, `${error.parameter} ${error.detail}`);
  field.append(fault);
  field.classList.add("invalid");
  for (const control of controlsOf(field)) {
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", fault.id);
  }
}

function controlsOf(field) {
  const controls = [...field.querySelectorAll("input, select")].filter((control) => control.closest("[data-parameter]") === field);
  const visible = controls.filter((control) => !control.closest("[hidden]"));
  return field.matches(".row") ? visible : visible.slice(0, 1);
}

byId("ranges").addEventListener("change", showCustomRange);
byId("role").addEventListener("change", () => { byId("transcript-field").dataset.parameter = byId("role").value; });
byId("add-key").addEventListener("click", () => addKey().querySelector(".key").focus());
byId("add-other").addEventListener("click", () => addOther().querySelector(".parameter").focus());
byId("toggle-filters").addEventListener("click", () => {
  const button = byId("toggle-filters");
  button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") !== "true"));
});
