import { systemClock } from "../lib/async/clock.ts";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import { type Namespace, parseRepositoryPath } from "../oci/repository-name.ts";
import { ANONYMOUS } from "./auth/credentials.ts";
import { systemResolver } from "./transport/host-resolver.ts";
import { newInstanceId } from "./loop-mark.ts";
import { openRegistry, type RegistryOptions } from "./open-registry.ts";
import type { BlobToPush, RegistryClient } from "./registry-client.ts";
import { UpstreamError, type UpstreamFailure } from "./transport/upstream-error.ts";

/** The namespace of all registries in tests. */
export const NAMESPACE = "registry.test" as Namespace;
export const PATH = parseRepositoryPath("public/app");

/** A client with short times, of a server at `url`. */
export function clientOf(url: string, options: Partial<RegistryOptions> = {}): RegistryClient {
  return openRegistry({
    namespace: NAMESPACE,
    endpoint: { url },
    credentials: ANONYMOUS,
    resolver: systemResolver(systemClock.elapsed),
    instanceId: newInstanceId(),
    userAgent: "larder-test",
    clock: systemClock,
    ...options,
    limits: { headerTimeoutMs: 2000, idleTimeoutMs: 2000, retryPauseMs: 5, ...options.limits },
  });
}

/** Bytes that no pattern repeats. */
export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, length)));
  return bytes;
}

/** `bytes` as a blob to push, in pieces; `opened` are the offsets that it was opened at. */
export function blobOf(bytes: Uint8Array, { knownSize = true } = {}): BlobToPush & { readonly opened: number[] } {
  const opened: number[] = [];
  return {
    digest: digestOf(bytes),
    sizeBytes: knownSize ? bytes.byteLength : null,
    opened,
    async open(offset) {
      opened.push(offset);
      return new Blob([bytes.slice(offset)]).stream();
    },
  };
}

/** An image manifest of one layer, to the byte. */
export function manifestOf(layer: Uint8Array, config: Uint8Array): { bytes: Uint8Array; mediaType: string } {
  const describe = (bytes: Uint8Array, mediaType: string) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: describe(config, MEDIA_TYPE.ociConfig),
    layers: [describe(layer, "application/vnd.oci.image.layer.v1.tar")],
  };
  return { bytes: Buffer.from(JSON.stringify(manifest, null, 3)), mediaType: MEDIA_TYPE.ociManifest };
}

/** How `promise` failed; fails itself when it did not, or not with an `UpstreamError`. */
export async function failureOf(promise: Promise<unknown>): Promise<UpstreamFailure> {
  const outcome = await promise.then(
    (value) => new Error(`it did not fail: ${JSON.stringify(value)}`),
    (error) => error,
  );
  if (!(outcome instanceof UpstreamError)) throw outcome;
  return outcome.failure;
}

/** A body to its end. */
export async function bytesOf(body: ReadableStream<Uint8Array> | undefined): Promise<Uint8Array> {
  return new Uint8Array(await new Response(body ?? null).arrayBuffer());
}
