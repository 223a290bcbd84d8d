// The contacts of a queue, page by page, with the client of clients/typescript.
import { ContactSearch, ProblemError } from "contact-search-client";

const find = (selector) => document.querySelector(selector);
const signIn = find("#sign-in");
const search = find("#search");
const more = find("#more");
let api;
let pages; // the walk through the pages of the current search
let abort; // ends it when another search begins

signIn.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    // People have the patience for a few seconds. The key stays in this page's memory.
    api = new ContactSearch(signIn.url.value, { apiKey: signIn.key.value, maxWait: 10 });
    const options = [];
    for await (const queue of api.queues()) options.push(new Option(queue.name));
    search.queue.replaceChildren(...options);
    search.hidden = false;
  });
});

search.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    abort?.abort();
    abort = new AbortController();
    const query = { queue: [search.queue.value], last: search.last.value, expand: ["queue", "agent"], limit: 20 };
    pages = api.pages(query, { signal: abort.signal });
    find("tbody").replaceChildren();
    find("table").hidden = false;
    await showNextPage();
  });
});

more.addEventListener("click", () => attempt(showNextPage));

async function showNextPage() {
  const { value: page } = await pages.next();
  if (!page) return;
  find("tbody").append(...page.contacts.map(row));
  find("#total").textContent = `${page.total.relation === "gte" ? "At least " : ""}${page.total.value} contacts`;
  more.hidden = page.next_cursor === null;
}

function row(contact) {
  const began = new Date(contact.initiation_timestamp).toLocaleString();
  const texts = [began, contact.channel, contact.queue_info?.name ?? "", contact.agent_info?.username ?? ""];
  const cells = texts.map((text) => Object.assign(document.createElement("td"), { textContent: text }));
  const element = document.createElement("tr");
  element.append(...cells);
  return element;
}

/** Do something, and say what went wrong. */
async function attempt(action) {
  find("#problem").textContent = "";
  try {
    await action();
  } catch (error) {
    if (error.name === "AbortError") return;
    // The message has the problem, each fault, and the id of the request for the operator.
    find("#problem").textContent = error instanceof ProblemError ? error.message : "The service cannot be reached.";
    more.hidden = true;
  }
}
