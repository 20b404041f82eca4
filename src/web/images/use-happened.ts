import { useEffect, useRef } from "preact/hooks";
import type { LiveMessage } from "../../admin/live-schemas.ts";
import { onLive } from "./live-source.ts";

/** What comes within this time is taken in at once. */
const TOGETHER_MS = 1000;

/** Calls `take` when images came or went, or pins did; once for what happens together. */
export function useHappened(take: () => void): void {
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = onLive((message) => {
      if (!isAboutImages(message) || timer !== undefined) return;
      timer = setTimeout(() => {
        timer = undefined;
        latest.current();
      }, TOGETHER_MS);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, []);
}

function isAboutImages(message: LiveMessage): boolean {
  if (message.kind === "changed") return message.what === "pins" || message.what === "everything";
  return message.kind === "happened" && message.event !== "collected";
}
