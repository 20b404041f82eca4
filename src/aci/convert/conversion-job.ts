/**
 * What a server asks of the process that converts for it, and what it is told: a line of JSON each way, over standard
 * input and output. The asker keeps the input open; when it ends, the asker is gone and the work ends too.
 */
import * as v from "valibot";
import { type Digest, tryParseDigest } from "../../oci/digest.ts";

const digest = v.pipe(
  v.string(),
  v.check((text) => tryParseDigest(text) !== null, "not a digest"),
  v.transform((text) => text as Digest),
);
const blobFile = v.object({ path: v.string(), digest });
const origin = v.object({
  name: v.string(),
  version: v.nullable(v.string()),
  originalName: v.string(),
  registry: v.string(),
  repository: v.string(),
});
const signature = v.object({ fingerprint: v.string(), text: v.string() });

/** `file` is written (`convert`) or read (`sign`); `keyFile` is an armored private key, read for each job. */
const job = v.variant("kind", [
  v.object({
    kind: v.literal("convert"),
    manifestDigest: digest,
    config: blobFile,
    layers: v.pipe(v.array(blobFile), v.readonly()),
    origin,
    file: v.string(),
    keyFile: v.string(),
  }),
  v.object({ kind: v.literal("sign"), file: v.string(), keyFile: v.string() }),
]);

const result = v.variant("kind", [
  v.object({
    kind: v.literal("converted"),
    sizeBytes: v.number(),
    /** Of the file's bytes. */
    digest,
    imageId: v.string(),
    signature,
  }),
  v.object({ kind: v.literal("signed"), signature }),
  v.object({
    kind: v.literal("failed"),
    /** The image is to blame; the key; the disk is full, or read-only; a blob went away meanwhile; larder itself failed. */
    why: v.picklist(["input", "key", "full", "read-only", "gone", "fault"]),
    message: v.string(),
  }),
]);

/** A blob of the image as a file on disk. */
export type BlobFile = v.InferOutput<typeof blobFile>;
/** What the process is asked to do. */
export type ConversionJob = v.InferOutput<typeof job>;
/** What became of a job. */
export type ConversionResult = v.InferOutput<typeof result>;
/** A detached signature, and the key that made it. */
export type AciSignature = v.InferOutput<typeof signature>;

/** Reads a job. Throws an Error when it is none: only a program that does not fit to this one sends such. */
export function parseConversionJob(line: string): ConversionJob {
  return v.parse(job, JSON.parse(line));
}

/** Reads a result; null when it is none, since a process that dies leaves anything. */
export function tryParseConversionResult(line: string): ConversionResult | null {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), result), line);
  return parsed.success ? parsed.output : null;
}
