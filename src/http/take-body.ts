import { RegistryError } from "../oci/registry-error.ts";
import type { Exchange } from "./exchange.ts";

/**
 * The body of a request, whose bytes are counted as they are read; null when it has none. Throws BAD_REQUEST where fields are
 * announced that follow the body: the runtime would take the body for whole, and then refuse them in place of an answer.
 */
export function takeBody(exchange: Exchange): AsyncIterable<Uint8Array> | null {
  const { body, headers } = exchange.request;
  if (headers.has("trailer")) {
    throw new RegistryError(
      "BAD_REQUEST",
      "header fields that follow the body are not taken; send it without a Trailer",
    );
  }
  return body === null ? null : counted(body, exchange);
}

async function* counted(body: AsyncIterable<Uint8Array>, exchange: Exchange): AsyncGenerator<Uint8Array> {
  const { record } = exchange;
  record.bytesIn ??= 0;
  exchange.noteReceiving();
  for await (const chunk of body) {
    record.bytesIn += chunk.byteLength;
    yield chunk;
  }
}
