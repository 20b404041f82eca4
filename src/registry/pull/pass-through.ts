import type { ByteRange } from "../../lib/text/byte-range.ts";
import { algorithmOf, type Digest, Digester } from "../../oci/digest.ts";
import type { Repository } from "../../oci/repository.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import type { PullContext } from "./origin.ts";
import { ResumedBody } from "./resumed-body.ts";
import type { Upstream } from "./upstreams.ts";

/**
 * Streams a blob of `size` bytes from upstream to a client without storing it, for when nothing can be stored. Null
 * when upstream does not have it. Resolves when the first bytes have come, and throws when none will. A whole blob's
 * digest is checked before its last piece is sent, and the stream fails when it is wrong; a range cannot be checked.
 */
export async function passThrough(
  upstream: Upstream,
  repository: Repository,
  { digest, size }: { readonly digest: Digest; readonly size: number },
  range: ByteRange | null,
  context: PullContext,
): Promise<ReadableStream<Uint8Array> | null> {
  const part = { digest, start: range?.start ?? 0, end: range?.end ?? size };
  const body = await ResumedBody.open(upstream, repository, part, context);
  if (body === null) return null;
  const digester = range === null ? new Digester(algorithmOf(digest)) : null;
  const next = async (): Promise<Uint8Array | null> => {
    try {
      const piece = await body.next();
      if (piece !== null) digester?.update(piece);
      else if (digester !== null) assertDigest(digester.digest(), digest, repository);
      return piece;
    } catch (error) {
      await body.cancel();
      throw error;
    }
  };
  // The last piece waits for the digest: nobody ever sees a complete blob that is wrong.
  let held = await next();
  let after = held === null ? null : await next();
  return new ReadableStream(
    {
      async pull(controller) {
        if (held !== null) controller.enqueue(held);
        if (after === null) {
          controller.close();
          await body.cancel();
          return;
        }
        held = after;
        after = await next();
      },
      cancel: (reason) => body.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function assertDigest(actual: Digest, expected: Digest, { namespace }: Repository): void {
  if (actual === expected) return;
  throw new UpstreamError({ kind: "protocol" }, `${namespace} sent content with the digest ${actual} for ${expected}`);
}
