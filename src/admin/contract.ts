/**
 * The admin API as a contract: what the command line, the page and programs ask a larder for, beyond the distribution API.
 * Everything else comes from this table: the types, the router, the client, the document (`openapi.ts`). Each operation stands with
 * those of its topic, beside their schemas.
 *
 * A body is JSON, and said to be so: another Content-Type is refused, since a page of any site could send it to a larder on
 * its reader's machine. What fails is told as a problem (`problem.ts`).
 */
import type * as v from "valibot";
import { SERVER_OPERATIONS } from "./server-operations.ts";
import { SESSION_OPERATIONS } from "./session-operations.ts";
import { ACTIVITY_OPERATIONS } from "./activity-operations.ts";
import { CLIENT_OPERATIONS } from "./client-operations.ts";
import { IMAGE_OPERATIONS } from "./image-operations.ts";
import { SEARCH_OPERATIONS } from "./search-operations.ts";
import { CONTENT_OPERATIONS } from "./content-operations.ts";
import { FETCH_JOB_OPERATIONS } from "./fetch-job-operations.ts";
import { SPACE_OPERATIONS } from "./space-operations.ts";
import { RECORDING_OPERATIONS } from "./recording-operations.ts";
import { NOTIFICATION_OPERATIONS } from "./notification-operations.ts";
import { ACCOUNT_OPERATIONS } from "./account-operations.ts";
import { BACKUP_OPERATIONS } from "./backup-operations.ts";
import type { Operation } from "./operation.ts";
import type { Frozen, Shape } from "./shape.ts";

/** The path that all operations of the admin API are below. */
export const ADMIN_PATH = "/api/v1";

/** The operations of the admin API, by their ids. */
export const CONTRACT = {
  ...SERVER_OPERATIONS,
  ...SESSION_OPERATIONS,
  ...ACTIVITY_OPERATIONS,
  ...CLIENT_OPERATIONS,
  ...IMAGE_OPERATIONS,
  ...SEARCH_OPERATIONS,
  ...CONTENT_OPERATIONS,
  ...FETCH_JOB_OPERATIONS,
  ...SPACE_OPERATIONS,
  ...RECORDING_OPERATIONS,
  ...NOTIFICATION_OPERATIONS,
  ...ACCOUNT_OPERATIONS,
  ...BACKUP_OPERATIONS,
} as const satisfies Readonly<Record<string, Operation>>;

/** The id of an operation. */
export type OperationId = keyof typeof CONTRACT;

type Table = typeof CONTRACT;
type IdOf<Form> = { [Id in OperationId]: Table[Id]["form"] extends Form ? Id : never }[OperationId];
/** The ids of operations that answer with one document. */
export type DocumentId = IdOf<"document">;
/** The ids of operations that answer with one line after another. */
export type LinesId = IdOf<"lines">;
/** The ids of operations that answer with events, for as long as the client listens. */
export type EventsId = IdOf<"events">;
/** The ids of operations that answer with bytes. */
export type BytesId = IdOf<"bytes">;

type In<Entries extends v.ObjectEntries> = v.InferInput<v.ObjectSchema<Entries, undefined>>;
type Out<Entries extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<Entries, undefined>>;
type BodyIn<Body> = Body extends v.GenericSchema ? v.InferInput<Body> : unknown;
type BodyOut<Body> = Body extends v.GenericSchema ? v.InferOutput<Body> : unknown;

/** Bytes as somebody has them who sends them. */
type Sent<Upload> = Upload extends string ? { readonly upload: Blob | ReadableStream<Uint8Array> } : unknown;
/** Bytes as they come. */
type Received<Upload> = Upload extends string ? { readonly upload: AsyncIterable<Uint8Array> } : unknown;

/** What a client sends to an operation: path parameters, query and body in one object, since their names differ. */
export type RequestOf<Id extends OperationId> = Frozen<
  In<Table[Id]["parameters"]> & In<Table[Id]["query"]> & BodyIn<Table[Id]["body"]>
> &
  Sent<Table[Id]["upload"]>;

/** The input of an operation's function: the request, with the defaults for what was left out. */
export type InputOf<Id extends OperationId> = Frozen<
  Out<Table[Id]["parameters"]> & Out<Table[Id]["query"]> & BodyOut<Table[Id]["body"]>
> &
  Received<Table[Id]["upload"]>;

/** The answer of an operation: its document, or one of its lines. */
export type AnswerOf<Id extends OperationId> = Shape<Table[Id]["answer"]>;
