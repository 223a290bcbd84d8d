/** Search the contacts of an Amazon Connect instance through Contact search. */
export { ContactSearch, type Options } from "./client.js";
export { ContactSearchError, ExportError, ProblemError, UnreachableError, type ProblemType } from "./errors.js";
export type {
  Agent,
  Contact,
  ContactDetails,
  ContactsQuery,
  Export,
  ExportRequest,
  Fault,
  Me,
  Page,
  Queue,
  SearchRequest,
  Total,
} from "./types.js";
export type { components, operations, paths } from "./schema.js";
