import * as v from "valibot";

const platforms = v.union([v.literal("all"), v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(50))]);
const image = v.pipe(v.string(), v.maxLength(1024));
const durationMs = v.pipe(v.number(), v.integer(), v.minValue(0));
/** More images in one question than any cluster runs. */
const IMAGES_LIMIT = 50_000;

/** What the admin API knows: whether it changes something, and the shape of its body. */
export const RESOURCES = {
  "GET version": { writes: false, body: null },
  "GET health": { writes: false, body: null },
  "GET images": { writes: false, body: null },
  "GET stats": { writes: false, body: null },
  "GET offline": { writes: false, body: null },
  "PUT offline": { writes: true, body: v.strictObject({ offline: v.boolean() }) },
  "POST gc": {
    writes: true,
    body: v.strictObject({
      graceMs: v.optional(durationMs),
      setAsideAll: v.optional(v.boolean()),
      giveUpAfterMs: v.optional(durationMs),
    }),
  },
  "POST cache": { writes: true, body: v.strictObject({ image, platforms }) },
  "POST inspect": { writes: false, body: v.strictObject({ image }) },
  "POST has": {
    writes: false,
    body: v.strictObject({
      images: v.pipe(v.array(v.strictObject({ image, platforms })), v.maxLength(IMAGES_LIMIT)),
    }),
  },
  "POST remove": { writes: true, body: v.strictObject({ image }) },
  "POST adopt": {
    writes: true,
    body: v.strictObject({ image, digest: v.string(), indexBase64: v.optional(v.pipe(v.string(), v.base64())) }),
  },
} as const;

/** A method and what it is for. */
export type AdminResource = keyof typeof RESOURCES;

type Input<Resource extends AdminResource> = (typeof RESOURCES)[Resource]["body"] extends v.GenericSchema
  ? v.InferOutput<(typeof RESOURCES)[Resource]["body"]>
  : undefined;

/** What an action is told besides its input. */
export type AdminCall = {
  /** Told of a failure that comes after the answer has begun, so that the log has it. */
  readonly reportFault: (error: unknown) => void;
};

/** A function for each resource. Throws RegistryErrors. */
export type AdminActions = {
  readonly [Resource in AdminResource]: (input: Input<Resource>, call: AdminCall) => Promise<Response>;
};
