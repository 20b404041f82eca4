/** Server-sent events as text (HTML, section 9.2): blank lines end them, a colon begins a comment. */
const ENCODER = new TextEncoder();

/** How soon a browser comes back when a stream ended, in milliseconds. */
const RETRY_MS = 2000;

/** The media type of a stream of events. */
export const EVENTS_TYPE = "text/event-stream";

/** A message of one JSON document; `id` is where who comes back goes on. */
export function eventText(id: number, message: unknown): Uint8Array {
  return ENCODER.encode(`id: ${id}\ndata: ${JSON.stringify(message)}\n\n`);
}

/** How a stream begins: with the place where who comes back goes on, though nothing is told of until then. */
export function firstText(id: number): Uint8Array {
  return ENCODER.encode(`retry: ${RETRY_MS}\nid: ${id}\n\n`);
}

/** What is sent while nothing happens, so that nobody on the way takes the connection for dead. */
export const HEARTBEAT = ENCODER.encode(":\n\n");
