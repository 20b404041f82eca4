import type { Exchange } from "./exchange.ts";
import { takeBody } from "./take-body.ts";
import { RegistryError } from "../oci/registry-error.ts";

/** Reads a request's body of at most `limitBytes`. Throws PAYLOAD_TOO_LARGE as soon as it is known to be longer. */
export async function readBody(exchange: Exchange, limitBytes: number, what: string): Promise<Uint8Array> {
  const announced = Number(exchange.request.headers.get("content-length") ?? 0);
  if (announced > limitBytes) throw tooLarge(what, limitBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of takeBody(exchange) ?? []) {
    size += chunk.byteLength;
    if (size > limitBytes) throw tooLarge(what, limitBytes);
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : new Uint8Array(Buffer.concat(chunks, size));
}

function tooLarge(what: string, limitBytes: number): RegistryError {
  return new RegistryError("PAYLOAD_TOO_LARGE", `the ${what} is larger than the ${limitBytes} bytes that it may have`);
}
