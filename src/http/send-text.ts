import type { Exchange } from "./exchange.ts";

/** A text as the answer, whose bytes are noted. */
export function sendText(exchange: Exchange, text: string, init: ResponseInit): Response {
  const bytes = Buffer.from(text);
  exchange.record.bytesOut = exchange.request.method === "HEAD" ? 0 : bytes.byteLength;
  return new Response(bytes, init);
}
