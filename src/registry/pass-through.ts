import type { ByteRange } from "../lib/byte-range.ts";
import { algorithmOf, type Digest, Digester } from "../oci/digest.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import type { Target } from "./locate.ts";
import { endedEarly, openUpstreamBlob } from "./open-upstream-blob.ts";
import type { OnBehalf } from "./origin.ts";
import type { Upstream } from "./upstreams.ts";

/**
 * A blob of `size` bytes from upstream that is handed on and not kept: for when there is nowhere to keep it. Null: it is
 * not there. The stream fails rather than end as a blob with another digest; what a range holds cannot be checked.
 */
export async function passThrough(
  upstream: Upstream,
  target: Target,
  { digest, size }: { readonly digest: Digest; readonly size: number },
  range: ByteRange | null,
  behalf: OnBehalf,
): Promise<ReadableStream<Uint8Array> | null> {
  const start = range?.start ?? 0;
  const end = range?.end ?? size;
  const opened = await openUpstreamBlob(upstream, target, digest, start, behalf);
  if (opened === null) return null;
  const digester = range === null ? new Digester(algorithmOf(digest)) : null;
  const reader = opened.body.getReader();
  let position = start;
  let held: Uint8Array | null = null;
  /** The next piece of what was asked for, which is never empty; null at its end. */
  const next = async (): Promise<Uint8Array | null> => {
    while (position < end) {
      const { done, value } = await reader.read();
      if (done) throw endedEarly(target, digest, position, end);
      const piece = value.subarray(0, end - position);
      position += piece.byteLength;
      digester?.update(piece);
      if (piece.byteLength > 0) return piece;
    }
    return null;
  };
  // The last piece waits for the digest: nobody ever sees a complete blob that is wrong.
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    try {
      held ??= await next();
      const after = held === null ? null : await next();
      if (after === null && digester !== null) assertDigest(digester.digest(), digest, target);
      if (held !== null) controller.enqueue(held);
      held = after;
      if (after !== null) return;
      controller.close();
      await reader.cancel();
    } catch (error) {
      await reader.cancel();
      throw error;
    }
  };
  return new ReadableStream({ pull, cancel: (reason) => reader.cancel(reason) }, { highWaterMark: 0 });
}

function assertDigest(actual: Digest, expected: Digest, { namespace }: Target): void {
  if (actual === expected) return;
  throw new UpstreamError({ kind: "protocol" }, `${namespace} sent content with the digest ${actual} for ${expected}`);
}
