/** Short names for the generated types. */
import type { components, operations } from "./schema.js";

type Schemas = components["schemas"];
export type Agent = Schemas["Agent"];
export type AgentList = Schemas["AgentList"];
export type Contact = Schemas["Contact"];
export type ContactDetails = Schemas["ContactDetails"];
export type Export = Schemas["Export"];
export type ExportList = Schemas["ExportList"];
export type ExportPart = Schemas["ExportPart"];
export type ExportRequest = Schemas["ExportRequest"];
export type Fault = Schemas["Fault"];
export type Me = Schemas["Me"];
export type Page = Schemas["Page"];
export type Problem = Schemas["Problem"];
export type Queue = Schemas["Queue"];
export type QueueList = Schemas["QueueList"];
export type SearchRequest = Schemas["SearchRequest"];
export type Total = Schemas["Total"];

/** The query parameters of GET /v1/contacts. */
export type ContactsQuery = NonNullable<operations["listContacts"]["parameters"]["query"]>;
export type ContactQuery = NonNullable<operations["getContact"]["parameters"]["query"]>;
export type ProblemType = operations["getProblemType"]["parameters"]["path"]["type"];
