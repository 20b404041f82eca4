import { type ErrorCode, RegistryError } from "../../oci/registry-error.ts";

type Failed = { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };

/**
 * An answer that begins at once and is a line for each event, so that whoever waits sees how it goes. The last one is what
 * `work` returns, or says that it failed. One who no longer listens does not stop it, unless `onLeave` does.
 */
export function streamLines<Event>(
  work: (tell: (event: Event) => void) => Promise<Event>,
  reportFault: (error: unknown) => void,
  onLeave: () => void = () => {},
): Response {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const readable = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
    cancel: () => {
      controller = null;
      onLeave();
    },
  });
  const tell = (event: Event | Failed) => controller?.enqueue(encoder.encode(formatLine(event)));
  const failed = (error: unknown): void => {
    if (error instanceof RegistryError) return tell({ kind: "failed", code: error.code, message: error.message });
    // Who has left is told nothing, and that the work ended then is no fault.
    if (controller === null) return;
    reportFault(error);
    tell({ kind: "failed", code: "UNKNOWN", message: "larder failed; its log says why" });
  };
  void work(tell)
    .then(tell, failed)
    .finally(() => {
      controller?.close();
      controller = null;
    });
  return linesResponse(readable);
}

/** An answer of lines that are there already, or come. */
export function linesResponse(body: ReadableStream<Uint8Array> | string): Response {
  return new Response(body, { headers: { "Content-Type": "application/x-ndjson" } });
}

/** An event as a line. */
export function formatLine(event: unknown): string {
  return `${JSON.stringify(event)}\n`;
}
