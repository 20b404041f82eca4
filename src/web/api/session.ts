import { useEffect, useState } from "preact/hooks";
import type { AnswerOf, RequestOf } from "../../admin/contract.ts";
import { type ApiProblem, asProblem } from "./api-problem.ts";
import { call, onDoubt } from "./call.ts";

/** Who is looking, and what they may. */
export type Session = AnswerOf<"getSession">;

/** What is known of who is looking. */
export type KnownSession = {
  /** Null: that is not known yet. */
  readonly session: Session | null;
  /** Why it could not be found out; null: it could. */
  readonly problem: ApiProblem | null;
  /** Grows whenever somebody else is looking, or may something else: what was asked before is another's answer. */
  readonly round: number;
  /** Whose session has ended while the page was open; null: nobody's. */
  readonly ended: string | null;
};

/** Setting a timer further ahead makes it fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

let known: KnownSession = { session: null, problem: null, round: 0, ended: null };
let asking: Promise<void> | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
/** Bound for what is asked while one question is under way: its answer may be of before. */
let isDue = false;
const listeners = new Set<() => void>();
/** Tabs share the cookie, and tell each other that it is another one. */
const tabs = new BroadcastChannel("larder-session");

/** Who is looking, and what they may: asked once for all who want to know, and told anew whenever it changes. */
export function useSession(): KnownSession {
  const [now, setNow] = useState(known);
  useEffect(() => {
    const hear = () => setNow(known);
    listeners.add(hear);
    hear();
    if (known.session === null) void askSession();
    return () => void listeners.delete(hear);
  }, []);
  return now;
}

/** Finds out anew who is looking. */
export function askSession(): Promise<void> {
  if (asking !== null) {
    isDue = true;
    return asking;
  }
  asking = ask().finally(() => {
    asking = null;
    if (isDue) void askSession();
  });
  return asking;
}

/** Signs in. Throws `ApiProblem`. */
export async function signIn(request: RequestOf<"signIn">): Promise<Session> {
  const session = await call("signIn", request);
  take(session, { ended: null });
  tellTabs();
  return session;
}

/** Signs out. Throws `ApiProblem`. */
export async function signOut(): Promise<void> {
  await call("signOut", {});
  take(null, { ended: null });
  tellTabs();
  await askSession();
}

async function ask(): Promise<void> {
  isDue = false;
  try {
    const session = await call("getSession", {});
    const before = known.session;
    const isOver = session.via !== "session" && before?.via === "session";
    take(session, isOver ? { ended: before.principal } : session.via === "session" ? { ended: null } : {});
  } catch (failure) {
    tell({ ...known, problem: asProblem(failure) });
  }
}

/** `session` null: somebody has signed out, and who is looking is asked. */
function take(session: Session | null, more: Partial<KnownSession>): void {
  const isSame = session !== null && (known.session === null || marksOf(known.session) === marksOf(session));
  tell({ ...known, ...more, session, problem: null, round: known.round + (isSame ? 0 : 1) });
  clearTimeout(timer);
  if (session?.expiresAtMs != null) {
    timer = setTimeout(() => void askSession(), Math.min(LONGEST_TIMER_MS, session.expiresAtMs - Date.now() + 1000));
  }
}

/** What an answer depends on. */
function marksOf({ principal, session, kind, may }: Session): string {
  return JSON.stringify([principal, session, kind, may]);
}

function tellTabs(): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin, and takes none
  tabs.postMessage("changed");
}

function tell(next: KnownSession): void {
  known = next;
  for (const listener of listeners) listener();
}

tabs.addEventListener("message", () => {
  // Whoever signed out there is not told that they have, and nothing of theirs stays here.
  tell({ ...known, session: null, ended: null });
  void askSession();
});
// What was refused, or came without the session that was shown, is of another than who was known.
onDoubt(() => void askSession());
addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && known.session?.via === "session") void askSession();
});
