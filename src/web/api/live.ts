import { useEffect, useRef, useState } from "preact/hooks";
import type { LiveMessage } from "../../admin/live-schemas.ts";
import { addressOf } from "./call.ts";
import { onReach } from "./reach.ts";
import { useSession } from "./session.ts";

/**
 * What happens, as it happens. One stream is open while a part of the page wants to know and somebody looks at it: a hidden tab has
 * none, since a browser has six connections for all of its tabs, and comes back with what it missed. Where more windows are
 * looked at side by side than may have one, the one that was turned to last has it: the others rest, and ask by the clock. A policy
 * without trusted types lets no worker be shared.
 */
export type LiveState = "connecting" | "live" | "cut" | "resting";

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;
/** A tab that is left for a moment keeps its stream. */
const HIDDEN_MS = 20_000;
/** So many tabs of a browser have a stream: two connections are left for what they ask. */
const MOST_STREAMS = 4;

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
/** Tells this tab from others. No secret: it need not be hard to guess. */
const ownId = `${Date.now()}-${Math.random()}`;
const tabs = new BroadcastChannel("larder-live");
/** Tabs that have opened a stream since this one did. */
const younger = new Set<string>();

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

/** Is told now what happens? */
export function isLive(): boolean {
  return state === "live";
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

/** Looks at once for larder, where a stream is wanted and cut, or was left to others. */
export function retryLive(): void {
  if (state !== "cut" && state !== "resting") return;
  retryMs = FIRST_RETRY_MS;
  reopen();
}

function open(): void {
  if (source !== null || listeners.size === 0 || document.visibilityState === "hidden") return;
  clearTimeout(timer);
  const opened = new EventSource(addressOf("watch", lastId === null ? {} : { after: lastId }));
  source = opened;
  younger.clear();
  tell("opened");
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
  if (source === null) return;
  source.close();
  source = null;
  tell("closed");
}

function close(): void {
  clearTimeout(timer);
  drop();
  setState("connecting");
}

/** To all other tabs. */
function tell(what: "opened" | "closed"): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin, and takes none
  tabs.postMessage({ id: ownId, what });
}

tabs.addEventListener("message", ({ data }: MessageEvent<{ readonly id: string; readonly what: string }>) => {
  if (data.what !== "opened") {
    younger.delete(data.id);
    return;
  }
  if (source === null) return;
  younger.add(data.id);
  if (younger.size < MOST_STREAMS) return;
  drop();
  setState("resting");
});

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
// One that is frozen or left for another page does not keep a connection.
addEventListener("pagehide", close);
addEventListener("pageshow", open);
addEventListener("online", retryLive);
addEventListener("focus", () => state === "resting" && retryLive());
// Another question has found larder.
onReach((isReached) => isReached && retryLive());
