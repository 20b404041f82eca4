import * as v from "valibot";

const platforms = v.union([
  v.literal("all"),
  v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(50)),
  v.strictObject({ prefer: v.string() }),
]);
const image = v.pipe(v.string(), v.maxLength(1024));
const durationMs = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Images in one question. Who has more asks more often. */
const IMAGES_LIMIT = 5000;
/** A body of a name and some flags. */
const SMALL_BODY_BYTES = 65_536;
const IMAGES_BODY_BYTES = 2 << 20;
/** An index, in base64. */
const INDEX_BODY_BYTES = 7 << 20;

/** The body of a request: its shape, and how long it may be. */
type Body<Schema extends v.GenericSchema = v.GenericSchema> = { readonly schema: Schema; readonly limitBytes: number };

function body<const Entries extends v.ObjectEntries>(entries: Entries, limitBytes = SMALL_BODY_BYTES) {
  return { schema: v.strictObject(entries), limitBytes } satisfies Body;
}

/**
 * What the admin API knows: whether it changes something, whether it may be much work (a few of those run at once), and
 * its body.
 */
export const RESOURCES = {
  "GET version": { writes: false, isWork: false, body: null },
  "GET health": { writes: false, isWork: false, body: null },
  "GET images": { writes: false, isWork: true, body: null },
  "GET stats": { writes: false, isWork: false, body: null },
  "GET offline": { writes: false, isWork: false, body: null },
  "PUT offline": { writes: true, isWork: false, body: body({ offline: v.boolean() }) },
  "POST gc": {
    writes: true,
    isWork: false,
    body: body({
      graceMs: v.optional(durationMs),
      setAsideAll: v.optional(v.boolean()),
      giveUpAfterMs: v.optional(durationMs),
    }),
  },
  "POST verify": { writes: true, isWork: false, body: body({}) },
  "POST cache": { writes: true, isWork: false, body: body({ image, platforms }) },
  "POST inspect": { writes: false, isWork: true, body: body({ image }) },
  "POST has": {
    writes: false,
    isWork: true,
    // Counted first: the shapes of what is too many are not looked at.
    body: body(
      {
        images: v.pipe(v.array(v.unknown()), v.maxLength(IMAGES_LIMIT), v.array(v.strictObject({ image, platforms }))),
      },
      IMAGES_BODY_BYTES,
    ),
  },
  "POST remove": { writes: true, isWork: false, body: body({ image }) },
  "POST adopt": {
    writes: true,
    isWork: false,
    body: body(
      { image, digest: v.string(), indexBase64: v.optional(v.pipe(v.string(), v.base64())) },
      INDEX_BODY_BYTES,
    ),
  },
} as const;

/** A method and what it is for. */
export type AdminResource = keyof typeof RESOURCES;

type Input<Resource extends AdminResource> =
  (typeof RESOURCES)[Resource]["body"] extends Body<infer Schema> ? v.InferOutput<Schema> : undefined;

/** What an action is told besides its input. */
export type AdminCall = {
  /** Fires when the client has left. */
  readonly signal: AbortSignal;
  readonly query: URLSearchParams;
  /** Told of a failure that comes after the answer has begun, so that the log has it. */
  readonly reportFault: (error: unknown) => void;
};

/** A function for each resource. Throws RegistryErrors. */
export type AdminActions = {
  readonly [Resource in AdminResource]: (input: Input<Resource>, call: AdminCall) => Promise<Response>;
};
