import { useEffect, useRef } from "preact/hooks";
import type { LiveMessage } from "../../admin/live-schemas.ts";
import { AskAgain } from "./ask-again.ts";
import { isLive, useLive } from "./live.ts";

type Changed = Extract<LiveMessage, { kind: "changed" }>;

/** Which news make an answer old. */
export type News = {
  /** What has changed. */
  readonly changed?: readonly Changed["what"][];
  /** What happened to images. */
  readonly happened?: boolean;
  /** That anything was answered. */
  readonly traffic?: boolean;
};

const EVERY_MS = 1000;
/** What nobody tells of, because no message tells it or because nothing is heard just now, is asked for so often. */
const UNTOLD_MS = 30_000;

/**
 * Asks again when larder tells of news that matter, `everyMs` apart at least, and only while somebody looks. While nothing is
 * heard it asks by the clock; always, where `isPartlyUntold`: not all that matters is told.
 */
export function useFresh(
  news: News,
  again: () => void,
  { everyMs = EVERY_MS, isPartlyUntold = false }: { readonly everyMs?: number; readonly isPartlyUntold?: boolean } = {},
): void {
  const latest = useRef(again);
  latest.current = again;
  const held = useRef<AskAgain | null>(null);
  held.current ??= new AskAgain(() => latest.current(), everyMs, isSeen);
  const asking = held.current;
  useLive((message) => isAbout(message, news) && asking.note());
  useEffect(() => {
    const look = () => isSeen() && asking.seen();
    const timer = setInterval(() => (isPartlyUntold || !isLive()) && asking.note(), UNTOLD_MS);
    addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      removeEventListener("visibilitychange", look);
      asking.end();
    };
  }, []);
}

function isSeen(): boolean {
  return document.visibilityState === "visible";
}

function isAbout(message: LiveMessage, { changed = [], happened = false, traffic = false }: News): boolean {
  if (message.kind === "changed") return message.what === "everything" || changed.includes(message.what);
  return message.kind === "happened"
    ? happened && message.event !== "collected"
    : message.kind === "traffic" && traffic;
}
