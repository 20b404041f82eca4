import type { EventStore, StoreEvent } from "../storage/events.ts";
import type { Log, LogLevel } from "../telemetry/log.ts";

/** Logs what happens to images. Returns a function that ends that. */
export function logEvents(events: EventStore, log: Log): () => void {
  return events.subscribe((event) => {
    log.write(levelOf(event), event.kind, fieldsOf(event));
  });
}

/** The image as people name it: by its tag, else by its digest. Null for what is about no image. */
function imageOf({ repository, tag, digest }: StoreEvent): string | null {
  if (repository === null) return null;
  return tag === null ? `${repository}@${digest}` : `${repository}:${tag}`;
}

/**
 * What comes with a cached image, platform by platform, or with another registry's folder, is told of to those alone who want to
 * know everything.
 */
function levelOf({ kind, tag }: StoreEvent): LogLevel {
  if (kind === "damaged") return "warning";
  return kind === "imported" || (kind === "cached" && tag === null) ? "debug" : "info";
}

function fieldsOf(event: StoreEvent): Record<string, string | number> {
  const { repository, tag, digest, sizeBytes, who, from, requestId } = event;
  const [image, by] = [imageOf(event), who ?? from];
  return {
    ...(image === null ? {} : { image }),
    ...(repository === null && digest !== null ? { blob: digest } : {}),
    ...(tag === null || digest === null ? {} : { digest }),
    ...(sizeBytes === null ? {} : { bytes: sizeBytes }),
    ...(by === null ? {} : { by }),
    ...(requestId === null ? {} : { requestId }),
  };
}
