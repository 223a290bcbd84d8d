/** The client: iterate over contacts, follow them, export them. */
import { ExportError } from "./errors.js";
import { decompress, download, headerOf } from "./export.js";
import { Transport, encodeQuery, sleep, type TransportOptions } from "./transport.js";
import type {
  Agent,
  AgentList,
  Contact,
  ContactDetails,
  ContactQuery,
  ContactsQuery,
  Export,
  ExportList,
  ExportRequest,
  Me,
  Page,
  Queue,
  QueueList,
  SearchRequest,
  Total,
} from "./types.js";

export type Options = TransportOptions;

interface Abortable {
  /** Ends the request, or the wait for the next one. */
  signal?: AbortSignal;
}

const DOWNLOADS = 5; // of one part, until it is damaged for good
const FIRST_INTERVAL = 500; // milliseconds between two looks at an export
const LONGEST_INTERVAL = 15_000;

/** A client of the service at an address, such as https://contacts.example.com. */
export class ContactSearch {
  readonly #transport: Transport;

  constructor(url: string, options: Options) {
    this.#transport = new Transport(url, options);
  }

  /** All contacts of a search: `for await (const contact of api.contacts({ last: "P7D", queue: ["billing"] }))`. */
  async *contacts(query: ContactsQuery, options: Abortable = {}): AsyncGenerator<Contact, void, undefined> {
    for await (const page of this.pages(query, options)) yield* page.contacts;
  }

  /** The pages of a search, to the last one. Pass `cursor` to go on after a page. */
  pages(query: ContactsQuery, options: Abortable = {}): AsyncGenerator<Page, void, undefined> {
    return this.#walk<Page>("/v1/contacts", query, options);
  }

  /** All contacts of a search that query parameters cannot express. */
  async *search(request: SearchRequest, options: Abortable = {}): AsyncGenerator<Contact, void, undefined> {
    for await (const page of this.searchPages(request, options)) yield* page.contacts;
  }

  /** The pages of such a search, to the last one. */
  async *searchPages(request: SearchRequest, options: Abortable = {}): AsyncGenerator<Page, void, undefined> {
    let body = request;
    while (true) {
      const page = await this.#transport.send<Page>("POST", "/v1/contacts/search", { ...options, body });
      yield page;
      if (page.next_cursor === null) return;
      body = { ...body, cursor: page.next_cursor };
    }
  }

  /** Count the contacts of a search. */
  async count(query: ContactsQuery, options: Abortable = {}): Promise<Total> {
    const target = `/v1/contacts${encodeQuery({ ...query, limit: 0 })}`;
    return (await this.#transport.send<Page>("GET", target, options)).total;
  }

  /**
   * Pages without an end, with each contact once as it comes about.
   *
   * Store a page's contacts together with its `next_cursor`. After a crash, pass that as `cursor`.
   */
  async *follow(query: ContactsQuery, options: Abortable = {}): AsyncGenerator<Page, void, undefined> {
    let sent: ContactsQuery = { ...query, follow: true };
    while (true) {
      const page = await this.#transport.send<Page>("GET", `/v1/contacts${encodeQuery(sent)}`, options);
      yield page;
      if (page.next_cursor !== null) sent = { ...sent, cursor: page.next_cursor };
      if (page.poll_after) await sleep(1000 * page.poll_after, options.signal);
    }
  }

  /** One contact, with all that Amazon Connect knows of it. */
  contact(id: string, query: ContactQuery = {}, options: Abortable = {}): Promise<ContactDetails> {
    return this.#transport.send("GET", `/v1/contacts/${encodeURIComponent(id)}${encodeQuery(query)}`, options);
  }

  /** The queues that the client may see, or those whose names contain a text. */
  async *queues(name?: string, options: Abortable = {}): AsyncGenerator<Queue, void, undefined> {
    for await (const page of this.#walk<QueueList>("/v1/queues", { name, limit: 1000 }, options)) yield* page.queues;
  }

  /** The agents that the client may see, or those whose usernames contain a text. */
  async *agents(name?: string, options: Abortable = {}): AsyncGenerator<Agent, void, undefined> {
    for await (const page of this.#walk<AgentList>("/v1/agents", { name, limit: 1000 }, options)) yield* page.agents;
  }

  /** Who the client is and what it is granted. */
  me(options: Abortable = {}): Promise<Me> {
    return this.#transport.send("GET", "/v1/me", options);
  }

  /**
   * Export all contacts of a search into a stream, and return the export when it is complete.
   *
   * In Node, `Writable.toWeb(createWriteStream(path))` is such a stream; in a browser, that of a file picker. It is
   * closed when all contacts are in it, and aborted if the export fails.
   */
  async export(
    request: ExportRequest,
    stream: WritableStream<Uint8Array>,
    options: Abortable & { onProgress?: (progress: Export) => void } = {},
  ): Promise<Export> {
    const writer = stream.getWriter();
    try {
      let current = await this.createExport(request, options);
      const parts = new Parts(writer, current.format === "csv");
      for (let interval = FIRST_INTERVAL; ; interval = Math.min(1.5 * interval, LONGEST_INTERVAL)) {
        options.onProgress?.(current);
        await this.#downloadNewParts(current, parts, options);
        if (current.status !== "queued" && current.status !== "running") break;
        await sleep(interval, options.signal);
        current = await this.getExport(current.id, options);
      }
      if (current.status !== "succeeded") {
        const reason = current.problem?.detail ?? `Its status is ${current.status}.`;
        throw new ExportError(`The export ${current.id} has not succeeded. ${reason}`, current);
      }
      await writer.close();
      return current;
    } catch (error) {
      await writer.abort(error).catch(() => {});
      throw error;
    }
  }

  /** Create an export. The same key with the same request is the same export for 24 hours. */
  createExport(
    request: ExportRequest,
    { idempotencyKey = crypto.randomUUID(), signal }: Abortable & { idempotencyKey?: string } = {},
  ): Promise<Export> {
    const headers = { "idempotency-key": idempotencyKey };
    return this.#transport.send("POST", "/v1/exports", { body: request, headers, signal });
  }

  /** An export, with new URLs of its parts. */
  getExport(id: string, options: Abortable = {}): Promise<Export> {
    return this.#transport.send("GET", `/v1/exports/${encodeURIComponent(id)}`, options);
  }

  /** The client's exports without their parts, newest first. */
  async *exports(options: Abortable = {}): AsyncGenerator<Export, void, undefined> {
    for await (const page of this.#walk<ExportList>("/v1/exports", { limit: 100 }, options)) yield* page.exports;
  }

  /** End an export and remove its files. */
  deleteExport(id: string, options: Abortable = {}): Promise<void> {
    return this.#transport.send("DELETE", `/v1/exports/${encodeURIComponent(id)}`, options);
  }

  async *#walk<List extends { next_cursor: string | null }>(
    path: string,
    query: object,
    options: Abortable,
  ): AsyncGenerator<List, void, undefined> {
    let sent = query;
    while (true) {
      const page = await this.#transport.send<List>("GET", path + encodeQuery(sent), options);
      yield page;
      if (page.next_cursor === null) return;
      sent = { ...sent, cursor: page.next_cursor };
    }
  }

  async #downloadNewParts(current: Export, parts: Parts, options: Abortable): Promise<void> {
    let failures = 0;
    for (let part = current.parts?.[parts.written]; part; part = current.parts?.[parts.written]) {
      const content = await download(this.#transport.fetch, part, options.signal);
      if (content !== undefined) {
        if (!(await parts.write(content))) {
          throw new ExportError(`The columns have changed in part ${parts.written + 1}: export again`, current);
        }
        failures = 0;
        continue;
      }
      failures += 1;
      if (failures === DOWNLOADS) {
        throw new ExportError(`Part ${parts.written + 1} cannot be downloaded, or is damaged`, current);
      }
      await sleep(failures * FIRST_INTERVAL, options.signal);
      current = await this.getExport(current.id, options); // URLs are good for 15 minutes
    }
  }
}

/** Writes parts to a stream as one file. */
class Parts {
  written = 0;
  #header: string | undefined;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #haveHeaders: boolean;

  constructor(writer: WritableStreamDefaultWriter<Uint8Array>, haveHeaders: boolean) {
    this.#writer = writer;
    this.#haveHeaders = haveHeaders;
  }

  /** Write the contacts of a part. Return false if its columns are not those of the parts before. */
  async write(part: Uint8Array<ArrayBuffer>): Promise<boolean> {
    let content = await decompress(part);
    if (this.#haveHeaders) {
      const header = headerOf(content);
      if (this.#header !== undefined) {
        if (header !== this.#header) return false;
        content = content.subarray(content.indexOf(0x0a) + 1);
      }
      this.#header = header;
    }
    await this.#writer.write(content);
    this.written += 1;
    return true;
  }
}
