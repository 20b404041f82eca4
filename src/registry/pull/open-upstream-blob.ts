import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Repository } from "../../oci/repository.ts";
import type { BlobRead } from "../../upstream/registry-client.ts";
import { skipBytes } from "../../upstream/transport/response-body.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import type { PullContext } from "./origin.ts";
import type { Upstream } from "./upstreams.ts";

/** Attempts to go on after a break. */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 200;

/**
 * Opens a blob of upstream from `offset` on; null when upstream does not have it. When a server ignores ranges, what
 * comes before `offset` is skipped.
 */
export async function openUpstreamBlob(
  { client }: Upstream,
  repository: Repository,
  digest: Digest,
  offset: number,
  context: PullContext,
): Promise<BlobRead | null> {
  const opened = await client.getBlob(repository.path, digest, { ...context, offset });
  if (opened === null || opened.offset === offset) return opened;
  return { ...opened, body: skipBytes(opened.body, offset - opened.offset), offset };
}

/**
 * Opens the rest of a blob whose transfer broke off after `offset` bytes; null when upstream does not have it any
 * more.
 */
export async function reopenUpstreamBlob(
  upstream: Upstream,
  repository: Repository,
  digest: Digest,
  offset: number,
  { elsewhere }: Pick<PullContext, "elsewhere">,
) {
  const context = { via: null, ...(elsewhere === undefined ? {} : { elsewhere }) };
  const opened = await openUpstreamBlob(upstream, repository, digest, offset, context);
  return opened?.body ?? null;
}

/**
 * The pause in milliseconds before another attempt, after so many in a row that yielded nothing; null when there have
 * been enough.
 */
export function pauseBeforeResumingMs(failures: number): number | null {
  return failures > ATTEMPTS ? null : FIRST_PAUSE_MS * 2 ** (failures - 1);
}

/** The size in bytes of a blob whose answer has begun. A registry that sends it in chunks may still tell it to HEAD. */
export async function sizeOfUpstreamBlob(
  { client }: Upstream,
  repository: Repository,
  digest: Digest,
  opened: BlobRead,
  context: PullContext,
): Promise<number> {
  if (opened.totalBytes !== null) return opened.totalBytes;
  try {
    const size = (await client.headBlob(repository.path, digest, context))?.sizeBytes ?? null;
    if (size !== null) return size;
    throw new UpstreamError(
      { kind: "protocol" },
      `${repository.namespace} does not say how large the blob ${digest} is`,
    );
  } catch (error) {
    await opened.body.cancel();
    throw error;
  }
}

/** The error for a body that ended before the blob's size: without a length, such a body looks complete. */
export function endedEarly({ namespace }: Repository, digest: Digest, size: number, whole: number): UpstreamError {
  return new UpstreamError(
    { kind: "interrupted" },
    `${namespace} sent ${size} of ${whole} bytes of the blob ${digest}`,
  );
}

/**
 * The error for a registry that says it has no such blob after one of its servers began to send it: an absence when
 * nothing has come, else a failure of the registry.
 */
export function vanished(repository: Repository, digest: Digest, hasBegun: boolean): RegistryError {
  const message = `${repository.namespace} no longer has the blob ${digest} that it was sending`;
  return hasBegun ? new UpstreamError({ kind: "protocol" }, message) : new RegistryError("BLOB_UNKNOWN", message);
}

/**
 * Does the error say that the blob ends before the offset that was asked for? Then the leftover of an earlier download
 * is not its beginning.
 */
export function isPastTheEnd(error: unknown): boolean {
  return error instanceof UpstreamError && error.failure.kind === "rejected" && error.failure.status === 416;
}
