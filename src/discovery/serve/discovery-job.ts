/**
 * What a server asks of the process that looks through files for it, and what it is told.
 *
 * ```
 * standard input    a line of JSON, the job; behind it a tar of the files, to its end
 * standard output   {"kind":"received",…}  or  {"kind":"refused",…}, which ends it
 *                   a line of JSON for each thing that was found
 *                   {"kind":"done",…}      or  {"kind":"failed",…}
 * ```
 *
 * What the files say besides: `.larder/set` and `.larder/set-string` hold values for charts, a line each, as `--set` and
 * `--set-string` take them, and the files in `.larder/values/` count as `--values`, in the order of their names.
 */
import * as v from "valibot";

const selection = v.union([v.literal("all"), v.array(v.string()), v.strictObject({ prefer: v.string() })]);

const job = v.object({
  /** Where the files are put: it is there, and empty. */
  folder: v.string(),
  limits: v.object({ files: v.number(), bytes: v.number() }),
  platforms: selection,
  strict: v.boolean(),
  helm: v.nullable(v.picklist(["3", "4"])),
  /** A Kubernetes release whose images are wanted, too. */
  kubernetes: v.nullable(
    v.object({ version: v.string(), runtime: v.nullable(v.string()), addOns: v.array(v.string()) }),
  ),
});

const line = v.nullable(v.number());

const report = v.variant("kind", [
  v.object({ kind: v.literal("received"), files: v.number(), bytes: v.number() }),
  v.object({
    kind: v.literal("refused"),
    code: v.picklist(["BAD_REQUEST", "PAYLOAD_TOO_LARGE", "STORAGE_FULL"]),
    message: v.string(),
  }),
  v.object({
    kind: v.literal("reference"),
    image: v.string(),
    written: v.string(),
    file: v.string(),
    line,
    certainty: v.picklist(["field", "guess"]),
    source: v.string(),
    platform: v.nullable(v.string()),
    isBuiltLocally: v.boolean(),
  }),
  v.object({
    kind: v.literal("problem"),
    severity: v.picklist(["error", "note", "elsewhere"]),
    file: v.string(),
    line,
    message: v.string(),
  }),
  v.object({
    kind: v.literal("image"),
    image: v.string(),
    platforms: selection,
    platform: v.nullable(v.string()),
    isGuess: v.boolean(),
  }),
  v.object({ kind: v.literal("done"), left: v.number() }),
  v.object({ kind: v.literal("failed"), message: v.string() }),
]);

/** What the process is asked to do. */
export type DiscoveryJob = v.InferOutput<typeof job>;
/** A line of what it tells. `left` of the last one: what there is no room to tell. */
export type DiscoveryReport = v.InferOutput<typeof report>;

/** Reads a job. Throws an Error when it is none: only a program that does not fit to this one sends such. */
export function parseDiscoveryJob(text: string): DiscoveryJob {
  return v.parse(job, JSON.parse(text));
}

/** Reads a line of what is told; null when it is none, since a process that dies leaves anything. */
export function tryParseDiscoveryReport(text: string): DiscoveryReport | null {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), report), text);
  return parsed.success ? parsed.output : null;
}
