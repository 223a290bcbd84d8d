/** What can go wrong. */
import type { Export, Fault, Problem, ProblemType as KnownProblemType } from "./types.js";

/** The type of a problem: one that this version knows, or a newer one. */
export type ProblemType = KnownProblemType | (string & {});

/** The base of all errors of this client. */
export class ContactSearchError extends Error {
  override name = "ContactSearchError";
}

/** The service cannot be reached, or what answers is not the service. */
export class UnreachableError extends ContactSearchError {
  override name = "UnreachableError";
}

/** An export has ended without all its contacts, or its files are damaged. */
export class ExportError extends ContactSearchError {
  override name = "ExportError";
  /** The export as the service described it last. */
  readonly export: Export;

  constructor(message: string, lastState: Export) {
    super(message);
    this.export = lastState;
  }
}

/** The service refused a request with a problem (RFC 9457). */
export class ProblemError extends ContactSearchError {
  override name = "ProblemError";
  readonly status: number;
  /** Such as "validation". GET /problems/{type} explains it. */
  readonly type: ProblemType;
  readonly title: string;
  readonly detail: string;
  /** Each invalid parameter or member, if that is the problem. */
  readonly faults: readonly Fault[];
  /** The id of the request. The operator of the service finds it in the log. */
  readonly requestId: string;
  /** Seconds after which the same request may succeed, if the service says so. */
  readonly retryAfter: number | undefined;

  constructor(problem: Problem, retryAfter?: number) {
    const faults = problem.errors ?? [];
    const head = `${problem.title}: ${problem.detail} (status ${problem.status}, request ${problem.request_id})`;
    super([head, ...faults.map((fault) => `${fault.parameter ?? fault.pointer}: ${fault.detail}`)].join("\n"));
    this.status = problem.status;
    this.type = problem.type.replace(/^.*\//, "");
    this.title = problem.title;
    this.detail = problem.detail;
    this.faults = faults;
    this.requestId = problem.request_id;
    this.retryAfter = retryAfter;
  }
}

/** Return the error that a response is. */
export async function errorFrom(response: Response): Promise<ContactSearchError> {
  const problem: unknown = await response.json().catch(() => undefined);
  if (isProblem(problem)) return new ProblemError(problem, secondsToWait(response));
  return new UnreachableError(`${new URL(response.url).host} answers ${response.status}, and not as this service does`);
}

/** Return what Retry-After says. This service always says it in seconds. */
export function secondsToWait(response: Response): number | undefined {
  const text = response.headers.get("retry-after");
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "type" in value && "request_id" in value;
}
