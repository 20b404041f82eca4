import type { Digest } from "../oci/digest.ts";
import type { BlobRead } from "../upstream/registry-client.ts";
import { skipBytes } from "../upstream/response-body.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import type { Target } from "./locate.ts";
import type { OnBehalf } from "./origin.ts";
import type { Upstream } from "./upstreams.ts";

/** The blob from `offset` on; what a server sends before that, because it knows no ranges, is skipped. */
export async function openUpstreamBlob(
  { client }: Upstream,
  target: Target,
  digest: Digest,
  offset: number,
  behalf: OnBehalf,
): Promise<BlobRead | null> {
  const opened = await client.getBlob(target.path, digest, { ...behalf, offset });
  if (opened === null || opened.offset === offset) return opened;
  return { ...opened, body: skipBytes(opened.body, offset - opened.offset), offset };
}

/** The rest of a blob that broke off after `offset` bytes. */
export async function reopenUpstreamBlob(upstream: Upstream, target: Target, digest: Digest, offset: number) {
  const opened = await openUpstreamBlob(upstream, target, digest, offset, { via: null });
  if (opened !== null) return opened.body;
  throw new UpstreamError(
    { kind: "protocol" },
    `${target.namespace} no longer has the blob ${digest} that it was sending`,
  );
}

/** The size of the whole blob. A registry that sends it in chunks may still tell it to HEAD. */
export async function sizeOfUpstreamBlob(
  { client }: Upstream,
  target: Target,
  digest: Digest,
  opened: BlobRead,
  behalf: OnBehalf,
): Promise<number> {
  if (opened.totalBytes !== null) return opened.totalBytes;
  try {
    const size = (await client.headBlob(target.path, digest, behalf))?.sizeBytes ?? null;
    if (size !== null) return size;
    throw new UpstreamError({ kind: "protocol" }, `${target.namespace} does not say how large the blob ${digest} is`);
  } catch (error) {
    await opened.body.cancel();
    throw error;
  }
}

/** A body without a length looks whole when it ends too early; this is the failure that it is. */
export function endedEarly({ namespace }: Target, digest: Digest, size: number, whole: number): UpstreamError {
  return new UpstreamError(
    { kind: "interrupted" },
    `${namespace} sent ${size} of ${whole} bytes of the blob ${digest}`,
  );
}

/** A leftover that is longer than the blob is not its beginning. */
export function isPastTheEnd(error: unknown): boolean {
  return error instanceof UpstreamError && error.failure.kind === "rejected" && error.failure.status === 416;
}
