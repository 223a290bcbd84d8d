// The table of contacts.

import { byId, element } from "./dom.js";
import { duration, time, word } from "./format.js";

const quiet = (text) => element("span", { class: "quiet" }, text);

// `sort` is the field that Connect can sort by. Columns for wide screens are left out on phones.
const COLUMNS = [
  { title: "Started", sort: "initiation_timestamp", text: (contact) => time(contact.initiation_timestamp) },
  { title: "Scheduled", sort: "scheduled_timestamp", text: (contact) => contact.scheduled_timestamp && time(contact.scheduled_timestamp), optional: true },
  { title: "Channel", sort: "channel", text: (contact) => word(contact.channel) },
  { title: "Method", sort: "initiation_method", wide: true, text: (contact) => word(contact.initiation_method) },
  { title: "Queue", text: (contact) => contact.queue_info?.name ?? contact.queue_info?.id },
  { title: "Agent", text: (contact) => contact.agent_info?.username ?? contact.agent_info?.id },
  {
    title: "Waited", numeric: true, wide: true, sort: "connected_to_agent_timestamp",
    text: (contact) => duration(contact.queue_info?.enqueue_timestamp, contact.agent_info?.connected_to_agent_timestamp),
  },
  {
    title: "Took", numeric: true, sort: "disconnect_timestamp",
    text: (contact) => duration(contact.initiation_timestamp, contact.disconnect_timestamp) || quiet("in progress"),
  },
  { title: "Name", wide: true, isRest: true, text: (contact) => contact.name },
];
const SORT_LABELS = {
  connected_to_agent_timestamp: "by when the agent was reached", disconnect_timestamp: "by when it ended",
};

const table = byId("contacts");
const [head, body] = [table.tHead, table.tBodies[0]];

/**
 * Begin a new table.
 * @param order The field the contacts are in the order of, with a leading "-" if descending.
 * @param onSort Called with a field, and whether descending; null where the order is fixed.
 */
export function begin({ order, onSort, onOpen }) {
  table.onOpen = onOpen;
  table.columns = COLUMNS.filter((column) => !column.optional || order.endsWith(column.sort));
  head.replaceChildren(element("tr", {}, ...table.columns.map((column) => heading(column, order, onSort))));
  body.replaceChildren();
  table.hidden = true;
}

/** Add contacts at the end, or at the top. Return the first row that was added. */
export function add(contacts, { atTop = false } = {}) {
  const rows = contacts.map(row);
  if (atTop) {
    rows.forEach((one) => one.classList.add("new"));
    body.prepend(...rows.reverse());
  } else {
    body.append(...rows);
  }
  table.hidden = !body.rows.length;
  return rows[0];
}

/** Keep so many rows at the top. */
export function trim(most) {
  while (body.rows.length > most) body.lastElementChild.remove();
}

/** Mark the contact whose details are shown. */
export function mark(id) {
  for (const one of body.rows) one.classList.toggle("chosen", one.dataset.id === id);
}

/** Move the focus to the contact, if it is in the table. */
export function focus(id) {
  [...body.rows].find((one) => one.dataset.id === id)?.querySelector("button").focus();
}

function heading(column, order, onSort) {
  const isSorted = column.sort && order.replace("-", "") === column.sort;
  const isDescending = order.startsWith("-");
  const arrow = isSorted ? (isDescending ? " ▾" : " ▴") : "";
  const label = SORT_LABELS[column.sort];
  const content = column.sort && onSort
    ? element("button", {
      type: "button", title: `Sort ${label ?? `by ${column.title.toLowerCase()}`}`,
      click: () => onSort(column.sort, isSorted ? !isDescending : true),
    }, column.title, element("span", { "aria-hidden": "true" }, arrow))
    : column.title + arrow;
  return element("th", { scope: "col", class: classesOf(column), "aria-sort": isSorted ? (isDescending ? "descending" : "ascending") : null }, content);
}

function classesOf(column) {
  return [column.numeric && "number", column.wide && "wide-only", column.isRest && "rest"].filter(Boolean).join(" ") || null;
}

function row(contact) {
  const cells = table.columns.map((column, index) => {
    const content = column.text(contact) || "";
    return element("td", { class: classesOf(column), title: typeof content === "string" && index ? content : null },
      index ? content : element("button", { type: "button" }, content));
  });
  const open = () => table.onOpen(contact);
  return element("tr", { "data-id": contact.id, click: open }, ...cells);
}
