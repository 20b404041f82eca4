import type { Exchange } from "./exchange.ts";
import { takeBody } from "./take-body.ts";
import { RegistryError } from "../oci/registry-error.ts";

/**
 * A request's body of at most `limitBytes`, as it comes; nothing when there is none. Throws PAYLOAD_TOO_LARGE at once when it
 * is announced to be longer, and while it is read.
 */
export function boundedBody(exchange: Exchange, limitBytes: number, what: string): AsyncIterable<Uint8Array> {
  const announced = Number(exchange.request.headers.get("content-length") ?? 0);
  if (announced > limitBytes) throw tooLarge(what, limitBytes);
  return bounded(takeBody(exchange), limitBytes, what);
}

async function* bounded(
  body: AsyncIterable<Uint8Array> | null,
  limitBytes: number,
  what: string,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > limitBytes) throw tooLarge(what, limitBytes);
    yield chunk;
  }
}

function tooLarge(what: string, limitBytes: number): RegistryError {
  return new RegistryError("PAYLOAD_TOO_LARGE", `the ${what} is larger than the ${limitBytes} bytes that it may have`);
}
