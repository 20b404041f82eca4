import { open, readFile } from "node:fs/promises";
import { CompressionError } from "../../lib/compression/compression-error.ts";
import { TarError } from "../../lib/tar/tar-error.ts";
import { algorithmOf, Digester } from "../../oci/digest.ts";
import { AciError } from "../aci-error.ts";
import type { AciSignature, BlobFile, ConversionJob, ConversionResult } from "./conversion-job.ts";
import { convertImage } from "./convert-image.ts";
import type { LayerSource } from "./image-source.ts";
import { untilAborted } from "./plan-image.ts";
import { signDetached } from "../sign/sign-detached.ts";
import { readKeyFile } from "../sign/signing-key-file.ts";
import { isDiskFull, isNotFound, isReadOnly } from "../../lib/files/system-error.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** Does a job. Never throws: what goes wrong is a result too. A file that was begun is left for the asker to remove. */
export async function runConversion(
  job: ConversionJob,
  now: () => Date,
  signal: AbortSignal,
): Promise<ConversionResult> {
  try {
    return job.kind === "convert" ? await convert(job, now, signal) : await sign(job, now, signal);
  } catch (error) {
    return { kind: "failed", why: whyOf(error), message: describeFailure(error) };
  }
}

async function convert(
  { manifestDigest, config, layers, origin, file, keyFile }: ConversionJob & { kind: "convert" },
  now: () => Date,
  signal: AbortSignal,
): Promise<ConversionResult> {
  const image = { manifestDigest, config: await readFile(config.path), layers: layers.map(layerOf) };
  const aci = await convertImage(image, { origin, compression: "gzip", signal });
  const digester = new Digester("sha256");
  let sizeBytes = 0;
  const output = await open(file, "wx", 0o600);
  try {
    const written = async function* () {
      for await (const chunk of aci.bytes) {
        await output.writeFile(chunk);
        digester.update(chunk);
        sizeBytes += chunk.length;
        yield chunk;
      }
    };
    const signature = await signBytes(written(), keyFile, now);
    await output.sync();
    return { kind: "converted", sizeBytes, digest: digester.digest(), imageId: aci.imageId() ?? "", signature };
  } finally {
    await output.close();
  }
}

async function sign(
  { file, keyFile }: ConversionJob & { kind: "sign" },
  now: () => Date,
  signal: AbortSignal,
): Promise<ConversionResult> {
  return { kind: "signed", signature: await signBytes(untilAborted(Bun.file(file).stream(), signal), keyFile, now) };
}

/** The key cannot be used, whatever it is to sign. */
class KeyFailure extends Error {
  override readonly name = "KeyFailure";
}

async function signBytes(bytes: AsyncIterable<Uint8Array>, keyFile: string, now: () => Date): Promise<AciSignature> {
  const key = await readKeyFile(keyFile).catch((cause: unknown) => {
    throw new KeyFailure(cause instanceof Error ? cause.message : String(cause), { cause });
  });
  if (key === null) throw new KeyFailure(`the key file ${keyFile} is gone`);
  return { fingerprint: key.fingerprint, text: await signDetached(key, bytes, now()) };
}

/** What is about to be signed must be what was pushed: the first of the two readings checks the digest. */
function layerOf({ path, digest }: BlobFile): LayerSource {
  let isChecked = false;
  const checked = async function* () {
    const digester = new Digester(algorithmOf(digest));
    for await (const chunk of Bun.file(path).stream()) {
      digester.update(chunk);
      yield chunk;
    }
    if (digester.digest() !== digest) {
      throw new AciError(
        `the layer ${digest} is damaged on larder's disk; remove the image and fetch or push it again`,
      );
    }
    isChecked = true;
  };
  return { open: () => (isChecked ? Bun.file(path).stream() : checked()) };
}

function whyOf(error: unknown): "input" | "key" | "full" | "read-only" | "gone" | "fault" {
  if (error instanceof KeyFailure) return "key";
  if ([AciError, TarError, CompressionError].some((kind) => error instanceof kind)) return "input";
  if (isDiskFull(error)) return "full";
  if (isReadOnly(error)) return "read-only";
  return isNotFound(error) ? "gone" : "fault";
}
