import { useEffect, useRef, useState } from "preact/hooks";
import type { LiveMessage } from "../../admin/live-schemas.ts";
import { addressOf } from "./call.ts";
import { onReach } from "./reach.ts";
import { useSession } from "./session.ts";

/**
 * What happens, as it happens. One stream is open while a part of the page wants to know and somebody looks at it: a hidden tab has
 * none, since a browser has six connections for all of its tabs, and comes back with what it missed. A policy without
 * trusted types lets no worker be shared.
 */
export type LiveState = "connecting" | "live" | "cut";

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;
/** A tab that is left for a moment keeps its stream. */
const HIDDEN_MS = 20_000;

type Hear = (message: LiveMessage) => void;

const listeners = new Set<Hear>();
const watchers = new Set<(state: LiveState) => void>();
let state: LiveState = "connecting";
let source: EventSource | null = null;
let lastId: number | null = null;
let hasOpened = false;
let retryMs = FIRST_RETRY_MS;
let timer: ReturnType<typeof setTimeout> | undefined;
let hiding: ReturnType<typeof setTimeout> | undefined;
/** As `KnownSession.round`: who looks. */
let whose = -1;

/** Calls back with each message, until the component goes. */
export function useLive(listener: Hear): void {
  const latest = useRef(listener);
  latest.current = listener;
  const { round } = useSession();
  useEffect(() => {
    const own: Hear = (message) => latest.current(message);
    listeners.add(own);
    open();
    return () => {
      listeners.delete(own);
      if (listeners.size === 0) close();
    };
  }, []);
  useEffect(() => {
    if (round === whose) return;
    const isFirst = whose === -1;
    whose = round;
    // Somebody else is told something else.
    if (!isFirst) reopen();
  }, [round]);
}

/** Calls back when one of these has changed, or too much was missed to know. */
export function useChanges(topics: readonly string[], again: () => void): void {
  useLive((message) => {
    if (message.kind === "changed" && (message.what === "everything" || topics.includes(message.what))) again();
  });
}

/** Is what is shown what is happening now? */
export function useLiveState(): LiveState {
  const [now, setNow] = useState(state);
  useEffect(() => {
    watchers.add(setNow);
    setNow(state);
    return () => void watchers.delete(setNow);
  }, []);
  return now;
}

/** Looks at once for larder, where a stream is wanted and cut. */
export function retryLive(): void {
  if (state !== "cut") return;
  retryMs = FIRST_RETRY_MS;
  reopen();
}

function open(): void {
  if (source !== null || listeners.size === 0 || document.visibilityState === "hidden") return;
  clearTimeout(timer);
  const opened = new EventSource(addressOf("watch", lastId === null ? {} : { after: lastId }));
  source = opened;
  opened.addEventListener("open", () => {
    retryMs = FIRST_RETRY_MS;
    setState("live");
    // Who cannot say what they have seen may have missed anything.
    if (hasOpened && lastId === null) hear({ kind: "changed", what: "everything" });
    hasOpened = true;
  });
  opened.addEventListener("message", ({ data, lastEventId }: MessageEvent<string>) => {
    if (lastEventId !== "") lastId = Number(lastEventId);
    hearText(data);
  });
  opened.addEventListener("error", () => {
    if (source !== opened) return;
    // A browser that was refused never asks again, and one that lost larder asks without end: both are left to the timer.
    drop();
    setState("cut");
    timer = setTimeout(open, retryMs * (0.75 + Math.random() / 2));
    retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
  });
}

function hearText(data: string): void {
  let message: LiveMessage;
  try {
    message = JSON.parse(data) as LiveMessage;
  } catch {
    return; // Of a larder that says it otherwise.
  }
  hear(message);
}

function hear(message: LiveMessage): void {
  for (const listener of listeners) listener(message);
}

function drop(): void {
  source?.close();
  source = null;
}

function close(): void {
  clearTimeout(timer);
  drop();
  setState("connecting");
}

function reopen(): void {
  clearTimeout(timer);
  drop();
  open();
}

function setState(next: LiveState): void {
  if (state === next) return;
  state = next;
  for (const watcher of watchers) watcher(next);
}

addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.visibilityState === "visible") open();
  else hiding = setTimeout(close, HIDDEN_MS);
});
addEventListener("online", retryLive);
// Another question has found larder.
onReach((isReached) => isReached && retryLive());
