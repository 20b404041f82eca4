import { TarPieces } from "./tar-pieces.ts";
import type { TarEntry, TarMember } from "./tar-entry.ts";
import { TarError } from "./tar-error.ts";

/**
 * Writes an archive in the pax format, plain ustar wherever that can say all.
 *
 * The same members give the same bytes. Directories get the `/` at their end. Bodies stream; holes are not looked for.
 * Throws TarError when a body is not as long as its entry says, or an entry cannot be said in a tar.
 */
export async function* writeTar(members: AsyncIterable<TarMember> | Iterable<TarMember>): AsyncGenerator<Uint8Array> {
  const pieces = new TarPieces();
  for await (const { entry, body } of members) {
    pieces.addHead(entry);
    let written = 0;
    if (body !== null && entry.size > 0) {
      for await (const chunk of body) {
        written += chunk.length;
        if (written > entry.size) break;
        pieces.addContent(chunk);
        yield* pieces.take();
      }
    }
    if (written !== entry.size) throw wrongLength(entry, written);
    pieces.endContent(written);
    yield* pieces.take();
  }
  pieces.end();
  yield* pieces.take();
}

function wrongLength(entry: TarEntry, written: number): TarError {
  const more = written > entry.size ? "more" : "only";
  return new TarError(
    `${JSON.stringify(entry.path)} is said to have ${entry.size} bytes, its body gave ${more} ${written}`,
  );
}
