/** Sends requests, and waits as the service asks to. */
import { ContactSearchError, UnreachableError, errorFrom, secondsToWait } from "./errors.js";

export interface TransportOptions {
  /** The API key of the client. */
  apiKey?: string | undefined;
  /** In place of a key, an access token, or a function that returns the current one. */
  token?: string | (() => string | Promise<string>) | undefined;
  /** Seconds that a request may be repeated for, if the service asks to wait (429) or is away. 120 by default. */
  maxWait?: number | undefined;
  /** Another implementation of fetch. */
  fetch?: typeof fetch | undefined;
}

export interface SendOptions {
  body?: object;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

const MAY_SUCCEED_LATER = new Set([429, 502, 503, 504]);
const LONGEST_PAUSE = 30; // seconds, where the service does not say how long to wait

export class Transport {
  readonly fetch: typeof fetch;
  readonly #url: string;
  readonly #options: TransportOptions;

  constructor(url: string, options: TransportOptions) {
    if ((options.apiKey === undefined) === (options.token === undefined)) {
      throw new TypeError("Pass an API key or a token, and not both");
    }
    this.#url = url.replace(/\/+$/, "");
    this.#options = options;
    this.fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /** Send a request until it succeeds, or cannot, or has waited for long enough. Return the JSON of the answer. */
  async send<Answer>(method: string, target: string, options: SendOptions = {}): Promise<Answer> {
    const deadline = Date.now() + 1000 * (this.#options.maxWait ?? 120);
    for (let pause = 0.5; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      const { error, seconds, answer } = await this.#attempt<Answer>(method, target, options);
      if (error === undefined) return answer as Answer;
      const wait = 1000 * (seconds ?? pause * (0.75 + Math.random() / 2));
      if (wait === Infinity || Date.now() + wait > deadline) throw error;
      await sleep(wait, options.signal);
    }
  }

  /** Send it once. After an error that stays, the seconds to wait are infinite. */
  async #attempt<Answer>(
    method: string,
    target: string,
    { body, headers, signal }: SendOptions,
  ): Promise<{ error?: ContactSearchError; seconds?: number | undefined; answer?: Answer }> {
    const init: RequestInit = { method, headers: { accept: "application/json", ...headers, ...(await this.#credential()) } };
    if (signal !== undefined) init.signal = signal;
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { ...init.headers, "content-type": "application/json" };
    }
    try {
      const response = await this.fetch(this.#url + target, init);
      if (response.ok) return { answer: (response.status === 204 ? undefined : await response.json()) as Answer };
      const seconds = MAY_SUCCEED_LATER.has(response.status) ? secondsToWait(response) : Infinity;
      return { error: await errorFrom(response), seconds };
    } catch (cause) {
      signal?.throwIfAborted();
      return { error: new UnreachableError(`${this.#url} cannot be reached`, { cause }) };
    }
  }

  async #credential(): Promise<Record<string, string>> {
    const { apiKey, token } = this.#options;
    if (apiKey !== undefined) return { "x-api-key": apiKey };
    return { authorization: `Bearer ${typeof token === "function" ? await token() : token}` };
  }
}

/** Write query parameters as they are sent: a pair for each value, keys in brackets. */
export function encodeQuery(query: object): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    const values: [string, unknown][] = isMap
      ? Object.entries(value).map(([key, element]) => [`${name}[${key}]`, element])
      : [[name, value]];
    for (const [sentName, elements] of values) {
      for (const element of Array.isArray(elements) ? elements : [elements]) {
        if (element !== undefined) pairs.append(sentName, String(element));
      }
    }
  }
  const text = pairs.toString();
  return text && `?${text}`;
}

/** Wait, unless the signal ends it. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
