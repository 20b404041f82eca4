import type * as v from "valibot";

/** What somebody needs to be allowed to, in the words of `access/`; null: anybody may. */
type AdminAction = "pull" | "delete" | "administer";

/** The media type of an answer that comes line by line. */
export const LINES_TYPE = "application/jsonl";

type Method = "GET" | "PUT" | "POST" | "DELETE";

/** A body of a name and some flags. */
const SMALL_BODY_BYTES = 65_536;

/** An operation of the admin API: its method, path, schemas and permission. */
export type Operation = {
  readonly method: Method;
  /** Below the API's own path. `{name}` is a parameter; at the end it takes all the rest, slashes included. */
  readonly path: string;
  readonly action: AdminAction | null;
  /** May it be much work, though it changes nothing? A few of those run at once. */
  readonly isWork: boolean;
  /** A line for people. */
  readonly summary: string;
  readonly description: string;
  /** What is in the path. */
  readonly parameters: v.ObjectEntries;
  readonly query: v.ObjectEntries;
  /** An object's. An empty body counts as `{}`. Null: there is none. */
  readonly body: v.GenericSchema | null;
  readonly bodyLimitBytes: number;
  /** The body is bytes of this media type, as they come; null: it is what `body` says. No page of another site can send them without asking first. */
  readonly upload: "application/x-tar" | null;
  /**
   * The name of its entry in the audit log; null: the one that its id gives, for what needs `administer` and is no GET. `false`:
   * it has none, since what it does to users, tokens or images is told of where that is done.
   */
  readonly audited: string | false | null;
  /** One JSON document, or a stream of them, a line each; or just bytes; or server-sent events, for as long as the client listens. */
  readonly form: "document" | "lines" | "bytes" | "events";
  /** The document, or one of the lines or events. */
  readonly answer: v.GenericSchema;
};

type Details = Partial<
  Pick<
    Operation,
    "isWork" | "description" | "parameters" | "query" | "body" | "bodyLimitBytes" | "upload" | "form" | "audited"
  >
> &
  Pick<Operation, "action" | "summary" | "answer">;

const DEFAULTS = {
  isWork: false,
  description: "",
  parameters: {},
  query: {},
  body: null,
  bodyLimitBytes: SMALL_BODY_BYTES,
  upload: null,
  form: "document",
  audited: null,
} as const;

/** Makes an operation, with the defaults for what is left out. */
export function operation<const M extends Method, const D extends Details>(
  method: M,
  path: `/${string}`,
  details: D,
): Omit<typeof DEFAULTS, keyof D> & D & { readonly method: M; readonly path: string } {
  return { ...DEFAULTS, ...details, method, path };
}
