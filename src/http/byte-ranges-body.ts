import type { RangeReader } from "../lib/files/range-reader.ts";
import type { ByteRange } from "../lib/text/byte-range.ts";

/** What is read at once; a client that takes nothing costs twice as much memory at most. */
const CHUNK_BYTES = 128 * 1024;

const encoder = new TextEncoder();

/**
 * The body of an answer with several ranges of one content. Source: RFC 9110, section 14.6.
 *
 *     --BOUNDARY CRLF
 *     Content-Range: bytes FIRST-LAST/SIZE CRLF
 *     Content-Type: TYPE CRLF
 *     CRLF
 *     the range's bytes CRLF
 *     … --BOUNDARY-- CRLF
 */
export class ByteRangesBody {
  /** The answer's Content-Type. */
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly #pieces: readonly (Uint8Array | ByteRange)[];

  constructor(ranges: readonly ByteRange[], contentBytes: number, contentType: string) {
    // Nobody who pushes content can know it, and so end a part within it.
    const boundary = crypto.randomUUID();
    this.contentType = `multipart/byteranges; boundary=${boundary}`;
    const heads = ranges.map(({ start, end }, at) =>
      encoder.encode(
        `${at === 0 ? "" : "\r\n"}--${boundary}\r\nContent-Range: bytes ${start}-${end - 1}/${contentBytes}\r\nContent-Type: ${contentType}\r\n\r\n`,
      ),
    );
    const end = encoder.encode(`\r\n--${boundary}--\r\n`);
    this.#pieces = [...ranges.flatMap((range, at) => [heads[at] ?? end, range]), end];
    this.sizeBytes = this.#pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  }

  /** All of it, for what is small. Closes the reader. */
  async bytes(reader: RangeReader): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of this.#chunks(reader, true)) chunks.push(chunk);
    } finally {
      await reader.close();
    }
    return new Uint8Array(Buffer.concat(chunks, this.sizeBytes));
  }

  /**
   * It, read as it is taken. `isHere`: reading never waits long; where it may, what came before is sent first. Closes the
   * reader at its end, or when nobody takes it any more.
   */
  stream(reader: RangeReader, isHere: boolean): ReadableStream<Uint8Array> {
    const chunks = this.#chunks(reader, isHere);
    let closing: Promise<void> | null = null;
    const close = (): Promise<void> => (closing ??= reader.close());
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      try {
        const { done, value } = await chunks.next();
        if (done !== true) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      await close();
    };
    // At once, though a reading may be under way: it may be waiting for bytes that are still to come.
    return new ReadableStream({ pull, cancel: close }, { highWaterMark: 0 });
  }

  /** The bytes of all pieces, small ones together. */
  async *#chunks(reader: RangeReader, isHere: boolean): AsyncGenerator<Uint8Array, void, void> {
    const gathered = new Gathered();
    for (const piece of this.#pieces) {
      if (piece instanceof Uint8Array) {
        gathered.add(piece);
        continue;
      }
      for (let at = piece.start; at < piece.end; ) {
        if (gathered.bytes >= (isHere ? CHUNK_BYTES : 1)) yield gathered.take();
        const bytes = await reader.read(at, Math.min(CHUNK_BYTES, piece.end - at));
        if (bytes.byteLength === 0) throw new Error(`the content ended at ${at}, within a range up to ${piece.end}`);
        at += bytes.byteLength;
        gathered.add(bytes);
      }
    }
    yield gathered.take();
  }
}

/** Pieces that are sent together. */
class Gathered {
  #pieces: Uint8Array[] = [];
  bytes = 0;

  add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.bytes += piece.byteLength;
  }

  take(): Uint8Array {
    const [first = new Uint8Array()] = this.#pieces;
    const taken = this.#pieces.length < 2 ? first : Buffer.concat(this.#pieces, this.bytes);
    [this.#pieces, this.bytes] = [[], 0];
    return taken;
  }
}

function lengthOf(piece: Uint8Array | ByteRange): number {
  return piece instanceof Uint8Array ? piece.byteLength : piece.end - piece.start;
}
