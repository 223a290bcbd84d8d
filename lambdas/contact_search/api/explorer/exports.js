// Starts exports, shows how far they are, and links to their files.

import { pause, send } from "./api.js";
import { byId, element } from "./dom.js";
import { number, time } from "./format.js";
import { toBody } from "./parameters.js";

const POLL = 2; // seconds
const UNFINISHED = new Set(["queued", "running"]);
const dialog = byId("exports");
const list = byId("export-list");
const form = byId("export-form");
let search = null;
let watching = null;

/**
 * Open the dialog.
 * @param current Returns the pairs of the current search, and the ids of the names in them.
 * @param showProblem Shows a problem in an element.
 */
export async function open(current, showProblem) {
  search = { current, showProblem };
  showProblem(null, byId("export-problem"));
  list.replaceChildren();
  dialog.showModal();
  watching?.abort();
  watching = new AbortController();
  const { signal } = watching;
  await attempt(async () => {
    const { exports } = await send("GET", "v1/exports", undefined, {}, signal);
    for (const job of exports) watch(job, signal);
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  await attempt(async () => {
    const { pairs, ids } = await search.current();
    const body = { ...toBody(pairs, ids), format: byId("format").value };
    const job = await send("POST", "v1/exports", body, { "idempotency-key": crypto.randomUUID?.() ?? String(Date.now()) });
    watch(job, watching.signal, { isNew: true });
  });
  button.disabled = false;
});
dialog.addEventListener("close", () => watching?.abort());

async function attempt(action) {
  search.showProblem(null, byId("export-problem"));
  try {
    await action();
  } catch (problem) {
    if (problem.name !== "AbortError") search.showProblem(problem, byId("export-problem"));
  }
}

/** Show an export, and ask how far it is until it has ended. The list has no links, so each is asked for once. */
async function watch(job, signal, { isNew = false } = {}) {
  // An export that is started before the list has arrived is in the list as well.
  if ([...list.children].some((item) => item.dataset.id === job.id)) return;
  const item = element("li", { "data-id": job.id });
  if (isNew) list.prepend(item);
  else list.append(item);
  draw(item, job);
  await attempt(async () => {
    do {
      job = await send("GET", `v1/exports/${encodeURIComponent(job.id)}`, undefined, {}, signal);
      draw(item, job);
      if (UNFINISHED.has(job.status)) await pause(POLL, signal);
    } while (UNFINISHED.has(job.status));
  });
}

function draw(item, job) {
  const isUnfinished = UNFINISHED.has(job.status);
  const total = job.total?.value;
  const known = total ? ` of ${job.total.relation === "gte" ? "at least " : ""}${number(total)}` : "";
  const content = [
    element("div", { class: "joined" },
      element("span", { role: "status" }, `${job.status}: ${number(job.contacts ?? 0)}${known} contacts, ${job.format.toUpperCase()}`),
      element("button", { type: "button", click: () => remove(item, job) }, isUnfinished ? "Cancel" : "Delete")),
    isUnfinished && element("progress", { max: total || 1, value: total ? Math.min(job.contacts, total) : null, "aria-label": "Progress" }),
    job.problem && element("p", { class: "fault" }, `${job.problem.title}: ${job.problem.detail}`),
    element("p", { class: "hint" }, `Started ${time(job.created_at)}${job.expires_at ? `, kept until ${time(job.expires_at)}` : ""}`),
    job.parts?.length && element("ul", { class: "parts" }, ...job.parts.map((part, index) =>
      element("li", {},
        element("a", { href: part.url, download: "", target: "_blank", rel: "noopener noreferrer" }, `Part ${index + 1}`),
        `, ${number(part.contacts)} contacts, ${number(Math.ceil(part.bytes / 1000))} kB gzip`))),
  ];
  item.replaceChildren(...content.filter(Boolean));
}

async function remove(item, job) {
  await attempt(async () => {
    await send("DELETE", `v1/exports/${encodeURIComponent(job.id)}`);
    item.remove();
  });
}
