// A search is a list of [name, value] pairs: the query parameters of GET /v1/contacts. It stands in the fragment of the
// page's address, which browsers send to no server: it may hold search text.

const KEYED = /^(attribute|segment|tag)(?:\.(.+)|\[(.+)\])$/s;
const TIMESTAMPS = [
  "initiation_timestamp", "scheduled_timestamp", "connected_to_agent_timestamp", "disconnect_timestamp",
  "enqueue_timestamp",
];
// Parameters of the search that an export does not have: it has all pages, and always both names.
const NOT_EXPORTED = ["limit", "expand"];
const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** Return the search in the page's address. */
export function fromAddress() {
  return [...new URLSearchParams(location.hash.slice(1))].filter(([name]) => name !== "cursor");
}

/** Put the search into the page's address, as a new entry of the history. */
export function toAddress(pairs) {
  const fragment = `#${new URLSearchParams(pairs)}`;
  if (fragment !== location.hash) history.pushState(null, "", fragment);
}

/** Return the first value of a parameter, or "". */
export function valueOf(pairs, name) {
  return pairs.find(([known]) => known === name)?.[1] ?? "";
}

/** Return the pairs without the parameters of these names. */
export function without(pairs, ...names) {
  return pairs.filter(([name]) => !names.includes(name));
}

/** Return ["tag", "KEY"] for tag.KEY and tag[KEY], null for other names. */
export function kindAndKey(name) {
  const match = KEYED.exec(name);
  return match && [match[1], match[2] ?? match[3]];
}

/** Return the start and end of the search's window in milliseconds, as far as they are known. */
export function windowOf(pairs, now = Date.now()) {
  const last = DURATION.exec(valueOf(pairs, "last"));
  if (last) {
    const [weeks, days, hours, minutes, seconds] = last.slice(1).map((part) => Number(part ?? 0));
    return [now - ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000, now];
  }
  const [from, to] = [valueOf(pairs, "from"), valueOf(pairs, "to")];
  return [from ? dayStart(from) : NaN, to ? dayEnd(to) : now];
}

/** Return the contact's timestamp of this name, in milliseconds; NaN if it has none. */
export function timestampOf(contact, name) {
  const holder = { enqueue_timestamp: contact.queue_info, connected_to_agent_timestamp: contact.agent_info }[name];
  return Date.parse((holder ?? contact)[name] ?? "");
}

/**
 * Turn the search into a body of POST /v1/exports, whose criteria have ids in place of names.
 * @param ids The ids of the queues and agents that the search names.
 * @throws A problem that names each parameter that the body would lack: the export would have too many contacts.
 */
export function toBody(pairs, ids, now = Date.now()) {
  const { texts, first, values, textsByKey, unread } = reader(pairs);
  const match = (name, otherwise) => `MATCH_${(first(name) || otherwise).toUpperCase()}`;
  const upper = (name) => values(name).map((value) => value.toUpperCase());
  const idsOrNames = (kind) => [...new Set([...values(`${kind}_id`), ...(texts(kind).length ? ids[kind] : [])])];
  const criteria = {
    name: texts("name").length && { search_text: texts("name"), match_type: match("name_match", "any") },
    agent_ids: idsOrNames("agent"),
    agent_hierarchy_groups: hierarchyGroups(values),
    channels: upper("channel"),
    contact_analysis: transcript(texts, match),
    initiation_methods: upper("initiation_method"),
    queue_ids: idsOrNames("queue"),
    routing_criteria: routing(values("routing_agent_id"), match("routing_match", "any")),
    additional_time_range: otherTimes(first, match("additional_time_match", "all"), now),
    searchable_contact_attributes: attributes(textsByKey("attribute"), match("attribute_match", "all")),
    searchable_segment_attributes: attributes(textsByKey("segment"), match("segment_match", "all")),
    active_regions: values("active_region"),
    contact_tags: tags(textsByKey("tag")),
    ai_agents: aiAgent(first),
  };
  const [start, end] = windowOf(["last", "from", "to"].map((name) => [name, first(name)]), now);
  const [timeField, sort, maxItems, fields] = [first("time_field"), first("sort"), first("max_items"), values("fields")];
  const unclear = [Number.isNaN(start) && (first("last") ? "last" : "from"), Number.isNaN(end) && "to"].filter(Boolean);
  const lacking = [...without(unread(), ...NOT_EXPORTED).map(([name]) => name), ...unclear];
  if (lacking.length) throw notExported([...new Set(lacking)]);
  const present = Object.entries(criteria).filter(([, value]) => value && (!Array.isArray(value) || value.length));
  return {
    time_range: {
      type: (timeField || "initiation_timestamp").toUpperCase(),
      start_time: new Date(start).toISOString(),
      end_time: new Date(end).toISOString(),
    },
    ...(present.length ? { search_criteria: Object.fromEntries(present) } : {}),
    ...(sort ? { sort: { field_name: sort.replace("-", "").toUpperCase(), order: sort.startsWith("-") ? "DESCENDING" : "ASCENDING" } } : {}),
    ...(maxItems ? { max_items: Number(maxItems) } : {}),
    ...(fields.length ? { fields } : {}),
    expand: ["queue", "agent"],
  };
}

/** Return the parameter that a place in such a body came from. */
export function parameterAt(pointer) {
  const members = {
    time_range: "from", sort: "sort", max_items: "max_items", fields: "fields", name: "name", agent_ids: "agent",
    channels: "channel", contact_analysis: "transcript", initiation_methods: "initiation_method", queue_ids: "queue",
  };
  const [, first, second] = pointer.split("/");
  return members[first === "search_criteria" ? second : first] ?? pointer;
}

/** Return the first moment of a date, or the time itself, in milliseconds. */
export function dayStart(text) {
  return Date.parse(text);
}

/** Return the last moment of a date, or the time itself, in milliseconds. */
export function dayEnd(text) {
  return Date.parse(text.length === 10 ? `${text}T23:59:59.999Z` : text);
}

/** Return functions that read parameters by name, and one that returns the pairs which none of them has read. */
function reader(pairs) {
  const read = new Set();
  const texts = (name) => {
    read.add(name);
    return pairs.filter(([known]) => known === name).map(([, value]) => value);
  };
  const textsByKey = (kind) => {
    const names = new Map(); // tag.KEY and tag[KEY] are two names of one key
    for (const [name] of pairs) {
      const [known, key] = kindAndKey(name) ?? [];
      if (known === kind) names.set(key, (names.get(key) ?? new Set()).add(name));
    }
    return [...names].map(([key, spellings]) => [key, [...spellings].flatMap(texts)]);
  };
  return {
    texts,
    textsByKey,
    first: (name) => texts(name)[0] ?? "",
    values: (name) => texts(name).flatMap((text) => text.split(",")).map((value) => value.trim()),
    unread: () => pairs.filter(([name]) => !read.has(name)),
  };
}

function notExported(names) {
  const title = "Cannot be exported";
  const detail = "This page cannot put these parameters into an export, which would have too many contacts without them.";
  const errors = names.map((parameter) => ({ parameter, detail: "is not exported by this page" }));
  return Object.assign(new Error(detail), { title, detail, errors });
}

function hierarchyGroups(values) {
  const levels = [1, 2, 3, 4, 5].map((level) => [`l${level}_ids`, values(`agent_hierarchy_l${level}_id`)]);
  const present = levels.filter(([, ids]) => ids.length);
  return present.length && Object.fromEntries(present);
}

function transcript(texts, match) {
  const roles = ["agent", "customer", "system", "custom_bot", "supervisor"];
  const said = texts("transcript");
  const within = match("transcript_match", "any");
  const criteria = roles
    .map((role) => [role, said.length ? said : texts(`transcript.${role}`)])
    .filter(([, words]) => words.length)
    .map(([role, words]) => ({ participant_role: role.toUpperCase(), search_text: words, match_type: within }));
  return criteria.length && { transcript: { criteria, match_type: said.length ? "MATCH_ANY" : within } };
}

function routing(agentIds, matchType) {
  return agentIds.length && { steps: [{ agent_criteria: { agent_ids: agentIds, match_type: matchType } }] };
}

function otherTimes(first, matchType, now) {
  const criteria = TIMESTAMPS.flatMap((name) => {
    const [from, to, exists] = [first(`${name}.from`), first(`${name}.to`), first(`${name}.exists`)];
    const type = name.toUpperCase();
    const twoYears = new Date(now);
    twoYears.setUTCFullYear(twoYears.getUTCFullYear() - 2);
    const range = { type, start_time: from || twoYears.toISOString(), end_time: to || new Date(now).toISOString() };
    return [
      ...(from || to ? [{ time_range: range }] : []),
      ...(exists ? [{ timestamp_condition: { type, condition_type: "NOT_EXISTS" } }] : []),
    ];
  });
  return criteria.length && { criteria, match_type: matchType };
}

function attributes(valuesByKey, matchType) {
  const criteria = valuesByKey.map(([key, values]) => ({ key, values }));
  return criteria.length && { criteria, match_type: matchType };
}

/** Keys are joined by AND, the values of a key by OR; or_conditions has OR outside and AND inside. */
function tags(valuesByKey) {
  const conditions = valuesByKey.reduce(
    (lists, [key, values]) => lists.flatMap((some) => values.map((value) => [...some, { tag_key: key, tag_value: value }])),
    [[]],
  );
  return valuesByKey.length && { or_conditions: conditions };
}

function aiAgent(first) {
  const [id, version, escalated, useCase] = ["ai_agent_id", "ai_agent_version", "ai_agent_escalated", "ai_use_case"]
    .map(first);
  const criterion = {
    ...(id ? { id } : {}),
    ...(version ? { version_number: Number(version) } : {}),
    ...(escalated ? { ai_agent_escalated: escalated.toLowerCase() === "true" } : {}),
    ...(useCase ? { ai_use_case: useCase } : {}),
  };
  return Object.keys(criterion).length && { criteria: [criterion] };
}
