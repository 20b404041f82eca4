import type { LiveMessage } from "../../admin/live-schemas.ts";
import { addressOf } from "../api/call.ts";

/** A browser does not come back by itself after a refusal, as while larder starts. */
const AGAIN_MS = 10_000;

const listeners = new Set<(message: LiveMessage) => void>();
let source: EventSource | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Calls back with what larder tells, until the answer is called; one stream serves all who listen. */
export function onLive(listener: (message: LiveMessage) => void): () => void {
  listeners.add(listener);
  if (source === null) open();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearTimeout(timer);
    source?.close();
    source = null;
  };
}

function open(): void {
  const own = new EventSource(addressOf("watch", {}));
  source = own;
  own.onmessage = ({ data }: MessageEvent<string>) => {
    const message = JSON.parse(data) as LiveMessage;
    for (const listener of listeners) listener(message);
  };
  own.onerror = () => {
    if (own.readyState !== EventSource.CLOSED || source !== own) return;
    clearTimeout(timer);
    timer = setTimeout(() => listeners.size > 0 && open(), AGAIN_MS);
  };
}
