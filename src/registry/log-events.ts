import type { EventStore, StoreEvent } from "../storage/events.ts";
import type { Log, LogLevel } from "../telemetry/log.ts";

/** Logs what happens to images. Returns a function that ends that. */
export function logEvents(events: EventStore, log: Log): () => void {
  return events.subscribe((event) => {
    const what = event.kind === "collected" ? "blobs that nothing referred to" : nameOf(event);
    log.write(levelOf(event), `${event.kind} ${what}`, fieldsOf(event));
  });
}

/** The image as people name it: by its tag, else by its digest. */
function nameOf({ repository, tag, digest }: StoreEvent): string {
  return tag === null ? `${repository}@${digest}` : `${repository}:${tag}`;
}

/** What comes with a cached image, platform by platform, is told of to those alone who want to know everything. */
function levelOf({ kind, tag }: StoreEvent): LogLevel {
  return kind === "cached" && tag === null ? "debug" : "info";
}

function fieldsOf({ tag, digest, sizeBytes, who, from, requestId }: StoreEvent): Record<string, string | number> {
  const by = who ?? from;
  return {
    ...(tag === null || digest === null ? {} : { digest }),
    ...(sizeBytes === null ? {} : { bytes: sizeBytes }),
    ...(by === null ? {} : { by }),
    ...(requestId === null ? {} : { requestId }),
  };
}
