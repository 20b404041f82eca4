import type { TarEntry, TarMember } from "./tar-entry.ts";
import { TarError } from "./tar-error.ts";
import { TarReader } from "./tar-reader.ts";

/**
 * Reads an uncompressed tar archive: v7, ustar, pax (POSIX.1-2001), GNU with long names, all four GNU sparse forms
 * (given expanded), numbers in base 256.
 *
 * A member's body is read as somebody reads it, once, before the next member is asked for; what nobody reads is passed
 * over. Chunks are views that stay valid. Memory is one chunk of `source` and one member's headers (1 MiB at most).
 * What is behind the archive's end is read and dropped, so that a source that checks a digest comes to its end; ending
 * the loop early closes the source. Throws TarError for what is not an archive, is cut short, or is damaged; an empty
 * source is an empty archive. Paths are not checked: see TarEntry.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const tar = new TarReader(source);
  try {
    let current: TarEntry | null = null;
    const body = async function* (of: TarEntry): AsyncGenerator<Uint8Array> {
      for (let left = of.size; left > 0; ) {
        if (current !== of) throw new TarError(`the body of ${JSON.stringify(of.path)} has gone by`);
        const part = tar.tryContent() ?? (await tar.content());
        left -= part.length;
        yield part;
      }
    };
    for (let entry = await tar.next(); entry !== null; entry = tar.tryNext() ?? (await tar.next())) {
      current = entry;
      yield { entry, body: entry.size === 0 ? null : body(entry) };
      current = null;
    }
    await tar.drain();
  } finally {
    await tar.close();
  }
}
