/** DNS messages over TCP: each has its length before it, u16 (RFC 1035, 4.2.2; RFC 7766, 8). */
import { readU16, writeU16 } from "./wire.ts";

const LENGTH_BYTES = 2;

/** `message` with its length before it, in one piece: two would be two packets. */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(LENGTH_BYTES + message.length);
  writeU16(framed, 0, message.length);
  framed.set(message, LENGTH_BYTES);
  return framed;
}

/** Puts messages together from the pieces in which they arrive. Holds at most one message and what came with it. */
export class StreamUnframer {
  #pending: Uint8Array = new Uint8Array(0);

  /** The messages that `chunk` completes. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const messages: Uint8Array[] = [];
    let offset = 0;
    while (offset + LENGTH_BYTES <= bytes.length) {
      const end = offset + LENGTH_BYTES + readU16(bytes, offset);
      if (end > bytes.length) break;
      messages.push(bytes.slice(offset + LENGTH_BYTES, end));
      offset = end;
    }
    this.#pending = bytes.slice(offset);
    return messages;
  }
}
