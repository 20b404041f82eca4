import type { Exchange } from "./exchange.ts";

/** The body of a request, whose bytes are counted as they are read; null when it has none. */
export function takeBody(exchange: Exchange): AsyncIterable<Uint8Array> | null {
  const { body } = exchange.request;
  return body === null ? null : counted(body, exchange.record);
}

async function* counted(body: AsyncIterable<Uint8Array>, record: Exchange["record"]): AsyncGenerator<Uint8Array> {
  record.bytesIn ??= 0;
  for await (const chunk of body) {
    record.bytesIn += chunk.byteLength;
    yield chunk;
  }
}
