import { RegistryError } from "../../oci/registry-error.ts";
import type { BlobRead } from "../../upstream/registry-client.ts";
import { isUpstreamDown, UpstreamError } from "../../upstream/transport/upstream-error.ts";

const ATTEMPTS_WITHOUT_PROGRESS = 5;
const FIRST_PAUSE_MS = 250;

/**
 * A blob of a registry from `offset` to its end at `sizeBytes`. When the transfer breaks it goes on where it was, until
 * several attempts in a row have brought nothing; before the first of those it pauses for `firstPauseMs`, before each
 * further one for twice as long. Throws BLOB_UNKNOWN when the registry does not have it.
 */
export async function* resumingRead(
  open: (offset: number) => Promise<BlobRead | null>,
  offset: number,
  sizeBytes: number,
  name: string,
  signal: AbortSignal,
  firstPauseMs = FIRST_PAUSE_MS,
): AsyncGenerator<Uint8Array, void, void> {
  let position = offset;
  let idleAttempts = 0;
  while (position < sizeBytes) {
    try {
      const read = await open(position);
      if (read === null) throw new RegistryError("BLOB_UNKNOWN", `${name} does not exist`);
      let skip = position - read.offset;
      for await (const piece of read.body) {
        const rest = piece.subarray(Math.min(skip, piece.length));
        skip -= piece.length - rest.length;
        if (rest.length === 0) continue;
        position += rest.length;
        idleAttempts = 0;
        yield rest;
      }
      // Without a Content-Length a body that breaks off can look like one that ends.
      if (position < sizeBytes)
        throw new UpstreamError({ kind: "interrupted" }, `${name} ended after ${position} bytes`);
    } catch (error) {
      idleAttempts += 1;
      if (!isUpstreamDown(error) || idleAttempts >= ATTEMPTS_WITHOUT_PROGRESS || signal.aborted) throw error;
      await pause(firstPauseMs * 2 ** (idleAttempts - 1), signal);
    }
  }
}

/** Ends early, with the signal's reason, when the signal fires. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
  signal.throwIfAborted();
}
