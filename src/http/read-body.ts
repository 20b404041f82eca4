import type { Exchange } from "./exchange.ts";
import { boundedBody } from "./bounded-body.ts";

/** Reads a request's body of at most `limitBytes`. Throws PAYLOAD_TOO_LARGE as soon as it is known to be longer. */
export async function readBody(exchange: Exchange, limitBytes: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of boundedBody(exchange, limitBytes, what)) {
    size += chunk.byteLength;
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : new Uint8Array(Buffer.concat(chunks, size));
}
