import { type ErrorCode, RegistryError } from "../../oci/registry-error.ts";
import type { LineWork } from "./line-work.ts";

type Failed = { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string };

/**
 * The body of an answer that begins at once and has a line of JSON for each event. The last line is what the work
 * returns, or says that it failed. When the client leaves, the work goes on, unless `onLeave` ends it. `noteFailure` is
 * told why it failed while there is somebody to be told.
 */
export function streamLines<Event>(
  { work, onLeave = () => {} }: LineWork<Event>,
  noteFailure: (error: unknown) => void,
): ReadableStream<Uint8Array> {
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
  const tell = (event: Event | Failed) => controller?.enqueue(encoder.encode(`${JSON.stringify(event)}\n`));
  const failed = (error: unknown): void => {
    // Who has left is told nothing, and that the work ended then is no fault.
    if (controller === null) return;
    noteFailure(error);
    if (error instanceof RegistryError) return tell({ kind: "failed", code: error.code, message: error.message });
    tell({ kind: "failed", code: "UNKNOWN", message: "larder failed; its log says why" });
  };
  void work(tell)
    .then(tell, failed)
    .finally(() => {
      controller?.close();
      controller = null;
    });
  return readable;
}
