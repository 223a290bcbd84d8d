// Tests of the client against a running service, and where the service or the network fails.
// tests/clients/test_typescript.py runs them: node client.test.ts URL FROM TO
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createWriteStream, readFileSync } from "node:fs";
import { Writable } from "node:stream";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { ContactSearch, ExportError, ProblemError, UnreachableError, type Contact, type ContactsQuery } from "contact-search-client";

const [, , url = "", from = "", to = ""] = process.argv;
const api = new ContactSearch(url, { apiKey: "sandbox-full" });
const window = { type: "INITIATION_TIMESTAMP" as const, start_time: from, end_time: to };

// What the client waits for, in seconds. It waits for a moment only. Timers with arguments are those of fetch.
let pauses: number[] = [];
const setRealTimeout = globalThis.setTimeout;
globalThis.setTimeout = ((action: (...values: unknown[]) => void, milliseconds: number, ...values: unknown[]) => {
  if (values.length) return setRealTimeout(action, milliseconds, ...values);
  pauses.push(milliseconds / 1000);
  return setRealTimeout(action, Math.min(milliseconds, 20));
}) as typeof setTimeout;

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A client whose requests get these answers, and the requests. */
function answering(answers: (Response | Error)[], maxWait = 120) {
  pauses = [];
  const requests: Request[] = [];
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    requests.push(new Request(input, init));
    const answer = answers.shift();
    if (!(answer instanceof Response)) throw answer;
    return answer;
  };
  return { api: new ContactSearch("https://contacts.example.com/live/", { apiKey: "key", maxWait, fetch }), requests };
}

function problem(status: number, name: string, headers: Record<string, string> = {}): Response {
  const body = { type: `/problems/${name}`, title: "T", status, detail: "D", request_id: "r-1" };
  return Response.json(body, { status, headers });
}

test("contacts are those of all pages, by GET and by POST", async () => {
  const found = await collect(api.contacts({ from, to, limit: 20 }));
  const ids = found.map((contact: Contact) => contact.id);
  assert.equal((await api.count({ from, to })).value, ids.length);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.length > 100);
  assert.deepEqual((await collect(api.search({ time_range: window, limit: 50 }))).map(({ id }) => id), ids);
});

test("parameters of every style are sent", async () => {
  const searches: ContactsQuery[] = [
    { attribute: { customer_tier: "gold" } },
    { "transcript.customer": ["refund"] },
    { queue: ["billing"], channel: ["VOICE", "CHAT"] },
    { "disconnect_timestamp.exists": "false" },
  ];
  const totals = await Promise.all(searches.map(async (query) => (await api.count({ from, to, ...query })).value));
  const all = (await api.count({ from, to })).value;
  for (const total of totals) assert.ok(total < all, `${totals} of ${all}`);
  // @ts-expect-error - an unknown parameter
  await assert.rejects(api.count({ last: "P1D", chanel: ["VOICE"] }), /chanel/);
});

test("names, details, grants", async () => {
  const [agent] = await collect(api.agents("kpereira"));
  assert.equal(agent?.username, "kpereira");
  assert.ok((await collect(api.queues())).some(({ name }) => name === "Billing"));
  assert.equal((await api.me()).client, "full");
  const [contact] = await collect(api.contacts({ from, to, queue: ["billing"], max_items: 1 }));
  assert.ok(contact);
  assert.equal((await api.contact(contact.id, { expand: ["queue"] })).queue_info?.name, "Billing");
});

test("problems are typed", async () => {
  await assert.rejects(api.count({ last: "a week" }), (error) => {
    assert.ok(error instanceof ProblemError);
    assert.deepEqual([error.status, error.type, error.faults.map(({ parameter }) => parameter)], [422, "validation", ["last"]]);
    assert.ok(error.message.includes(error.requestId));
    return true;
  });
  await assert.rejects(new ContactSearch(url, { apiKey: "wrong" }).me(), { status: 401, type: "unauthenticated" });
  assert.throws(() => new ContactSearch(url, {}), /not both/);
});

test("following waits as told, until it is aborted", async () => {
  pauses = [];
  const abort = new AbortController();
  const seen: string[] = [];
  await assert.rejects(async () => {
    for await (const page of api.follow({ from, limit: 100 }, { signal: abort.signal })) {
      seen.push(...page.contacts.map(({ id }) => id));
      if (page.caught_up) setRealTimeout(() => abort.abort(), 1);
    }
  }, { name: "AbortError" });
  assert.equal(new Set(seen).size, seen.length);
  assert.ok(pauses.some((seconds) => seconds >= 1));
});

for (const format of ["ndjson", "csv"] as const) {
  test(`an export as ${format} has all contacts`, async () => {
    const progress: string[] = [];
    const stream = Writable.toWeb(createWriteStream(`contacts.${format}`));
    const onProgress = ({ status }: { status: string }) => progress.push(status);
    const exported = await api.export({ time_range: window, format }, stream, { onProgress });
    const lines = readFileSync(`contacts.${format}`, "utf8").trimEnd().split(/\r?\n/);
    assert.ok((exported.parts?.length ?? 0) > 1);
    assert.equal(progress.at(-1), "succeeded");
    if (format === "csv") {
      assert.equal(lines.filter((line) => line === lines[0]).length, 1);
    } else {
      const ids = (await collect(api.contacts({ from, to }))).map(({ id }) => id);
      assert.deepEqual(lines.map((line) => JSON.parse(line).id), ids);
    }
    await api.deleteExport(exported.id);
  });
}

const PART = gzipSync('{"id":"1"}\n');
const DESCRIBED = {
  url: "https://files.example.com/1",
  contacts: 1,
  bytes: PART.length,
  sha256: createHash("sha256").update(PART).digest("hex"),
};

test("a damaged part and an expired URL are downloaded again, without the key", async () => {
  const exported = () => Response.json({ id: "e-1", status: "succeeded", format: "ndjson", parts: [DESCRIBED] });
  const damaged = new Response(PART.subarray(0, -9));
  const { api, requests } = answering([
    ...[exported(), damaged, exported(), new Response(null, { status: 403 }), exported(), new Error("broken off")],
    ...[exported(), new Response(PART)],
  ]);
  await api.export({ time_range: window }, Writable.toWeb(createWriteStream("repaired.ndjson")));
  assert.equal(readFileSync("repaired.ndjson", "utf8"), '{"id":"1"}\n');
  assert.ok(requests.filter(({ url }) => url === DESCRIBED.url).every(({ headers }) => !headers.has("x-api-key")));
});

test("an export that fails aborts the stream", async () => {
  const failure = { type: "/problems/forbidden", title: "T", status: 403, detail: "The grant has changed." };
  const { api } = answering([Response.json({ id: "e-1", status: "failed", format: "ndjson", parts: [], problem: failure })]);
  let aborted: unknown;
  const stream = new WritableStream<Uint8Array>({ abort: (reason) => void (aborted = reason) });
  await assert.rejects(api.export({ time_range: window }, stream), ExportError);
  assert.ok(aborted instanceof ExportError);
  assert.match(aborted.message, /The grant has changed/);
});

test("it waits as told and tries again, but not for too long", async () => {
  const throttled = () => problem(429, "throttled", { "retry-after": "7" });
  const answers = [throttled(), problem(503, "upstream-unavailable"), new TypeError("refused"), Response.json({ client: "c" })];
  const { api, requests } = answering(answers);
  assert.equal((await api.me()).client, "c");
  assert.equal(pauses[0], 7);
  assert.deepEqual(requests.map(({ url }) => url), Array(4).fill("https://contacts.example.com/live/v1/me"));
  await assert.rejects(answering([throttled()], 5).api.me(), { name: "ProblemError", retryAfter: 7, requestId: "r-1" });
  assert.deepEqual(pauses, []);
  await assert.rejects(answering([new TypeError("refused")], 0).api.me(), UnreachableError);
});

test("a token is asked for each request", async () => {
  const sent: (string | null)[] = [];
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    sent.push(new Request(input, init).headers.get("authorization"));
    return Response.json({ client: "c" });
  };
  const api = new ContactSearch("https://contacts.example.com", { token: async () => `t-${sent.length}`, fetch });
  await api.me();
  await api.me();
  assert.deepEqual(sent, ["Bearer t-0", "Bearer t-1"]);
});
