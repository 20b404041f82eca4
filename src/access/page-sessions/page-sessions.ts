import { createHash, randomBytes, randomInt } from "node:crypto";
import type { NewAuditEntry } from "../../storage/audit.ts";
import type { PageSessionQuery, PageSessionStore, StoredPageSession } from "../../storage/page-sessions.ts";
import { type Principal, principalName } from "../principal.ts";
import { formatWho, parseWho, type WhoText } from "../sessions/who.ts";

/** A session that nobody used for so long is over. */
const IDLE_MS = 12 * 3_600_000;
/** And one that began so long ago, however much it is used. */
const LONGEST_MS = 7 * 86_400_000;
const SECRET_BYTES = 32;
/** As base64url has a secret. */
const SECRET_FORM = /^[\w-]{43}$/;
const USER_AGENT_LIMIT = 256;
const ID_DIGITS = 6;

/** A session that holds. */
export type PageSession = {
  readonly id: string;
  /** Who it is now, with what they were given. */
  readonly principal: Principal;
  readonly createdAtMs: number;
  /** When it ends, unless it is used before. */
  readonly expiresAtMs: number;
  /** When it ends, however much it is used. */
  readonly lastsUntilMs: number;
};

/** Where a session is begun or ended from. */
export type PageVisitor = {
  readonly who: string | null;
  readonly from: string | null;
  readonly requestId: string | null;
};

type Options = {
  readonly store: PageSessionStore;
  /** The principal as it is now, by `Authenticators.recall`. */
  readonly recall: (principal: Principal) => Promise<Principal | null>;
  /** Milliseconds since 1970: sessions are looked at by other larders of the store, too. */
  readonly now: () => number;
};

/**
 * Who has signed in to the page. A session is what a browser has of it, a secret of 256 bits, and a row in the store with its
 * hash. Whose it is has to be somebody still at each use, of the same password or token.
 */
export class PageSessions {
  readonly #options: Options;
  /** Uses that are not written down yet: a use must not cost a write. */
  readonly #uses = new Map<string, number>();
  readonly #watched = new Map<string, Set<() => void>>();

  constructor(options: Options) {
    this.#options = options;
    options.store.subscribe((ids) => {
      for (const id of ids) for (const ended of this.#watched.get(id) ?? []) ended();
    });
  }

  /** Begins a session of somebody. The secret is for the browser, and told this once. */
  async begin(
    principal: Principal,
    { from, requestId, userAgent }: PageVisitor & { readonly userAgent: string | null },
  ): Promise<{ readonly secret: string; readonly session: PageSession }> {
    const atMs = this.#options.now();
    const secret = randomBytes(SECRET_BYTES).toString("base64url");
    const name = principalName(principal) ?? "";
    const id = newId(atMs);
    const ownEndMs = principal.kind === "workload" ? principal.expiresAtMs : Number.POSITIVE_INFINITY;
    const stored: StoredPageSession = {
      id,
      secretHash: hashOf(secret),
      name,
      who: JSON.stringify(formatWho(principal)),
      createdAtMs: atMs,
      usedAtMs: atMs,
      expiresAtMs: Math.min(atMs + LONGEST_MS, ownEndMs),
      from,
      userAgent: userAgent?.replaceAll(/\p{Cc}/gu, "").slice(0, USER_AGENT_LIMIT) ?? null,
    };
    await this.#options.store.add(stored, entryOf({ who: name, from, requestId }, atMs, "signed-in", name, id));
    return { secret, session: sessionOf(stored, principal, atMs) };
  }

  /** The session of a secret; null when it is none, or none any more. `isUse`: somebody does something just now, and it goes on. */
  async find(secret: string, isUse = true): Promise<PageSession | null> {
    if (!SECRET_FORM.test(secret)) return null;
    const stored = await this.#options.store.find(hashOf(secret));
    if (stored === null) return null;
    const nowMs = this.#options.now();
    const usedAtMs = Math.max(stored.usedAtMs, this.#uses.get(stored.id) ?? 0);
    if (nowMs >= endOf(stored, usedAtMs)) return null;
    const principal = await this.#recall(stored);
    if (principal === null) return null;
    if (isUse) this.#uses.set(stored.id, nowMs);
    return sessionOf(stored, principal, isUse ? nowMs : usedAtMs);
  }

  /** Whose session that is, as the audit log names them; null: there is none of this id. */
  async ownerOf(id: string): Promise<string | null> {
    return (await this.#options.store.get(id))?.name ?? null;
  }

  /** Ends a session of somebody. False: there is none of this id. */
  async end(
    id: string,
    name: string | null,
    visitor: PageVisitor,
    action: "signed-out" | "session-ended",
  ): Promise<boolean> {
    const ended = await this.#options.store.remove(id, entryOf(visitor, this.#options.now(), action, name, id));
    this.#uses.delete(id);
    return ended !== null;
  }

  /** Those that hold; a page may have fewer than it is asked for. `next`: what to ask with as `before`; null: this is the end. */
  async list({ limit, ...query }: PageSessionQuery): Promise<{
    readonly sessions: readonly StoredPageSession[];
    readonly next: string | null;
  }> {
    await this.save();
    const found = await this.#options.store.list({ ...query, limit: limit + 1 });
    const page = found.slice(0, limit);
    const sessions: StoredPageSession[] = [];
    for (const stored of page) if ((await this.#recall(stored)) !== null) sessions.push(stored);
    return { sessions, next: found.length > limit ? (page.at(-1)?.id ?? null) : null };
  }

  /** Calls `ended` when the session is over before its time. Returns what ends that. */
  watch(id: string, ended: () => void): () => void {
    const watchers = this.#watched.get(id) ?? new Set();
    this.#watched.set(id, watchers.add(ended));
    return () => {
      watchers.delete(ended);
      if (watchers.size === 0) this.#watched.delete(id);
    };
  }

  /** Writes down which were used, and sweeps those that are over. Never fails: what cannot be written now is written later. */
  async save(): Promise<void> {
    const uses = Array.from(this.#uses, ([id, atMs]) => ({ id, atMs }));
    const nowMs = this.#options.now();
    try {
      if (uses.length > 0) await this.#options.store.noteUse(uses);
      for (const { id, atMs } of uses) if (this.#uses.get(id) === atMs) this.#uses.delete(id);
      await this.#options.store.sweep(nowMs, nowMs - IDLE_MS);
    } catch {
      // A full disk, or one that fails.
    }
  }

  /** Larder has written down who it is. */
  #recall({ who }: StoredPageSession): Promise<Principal | null> {
    return this.#options.recall(parseWho(JSON.parse(who) as WhoText));
  }
}

function sessionOf(stored: StoredPageSession, principal: Principal, usedAtMs: number): PageSession {
  const { id, createdAtMs, expiresAtMs } = stored;
  return { id, principal, createdAtMs, expiresAtMs: endOf(stored, usedAtMs), lastsUntilMs: expiresAtMs };
}

function endOf({ expiresAtMs }: StoredPageSession, usedAtMs: number): number {
  return Math.min(expiresAtMs, usedAtMs + IDLE_MS);
}

/** What a store keeps of a secret, and finds it by: no comparison takes time by what two secrets have in common. */
function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** In capitals, as no name is; those of later sessions are greater. */
function newId(atMs: number): string {
  const time = atMs.toString(36).padStart(9, "0");
  const random = Array.from({ length: ID_DIGITS }, () => randomInt(36).toString(36)).join("");
  return `S${time}${random}`.toUpperCase();
}

function entryOf(
  { who, from, requestId }: PageVisitor,
  atMs: number,
  action: string,
  subject: string | null,
  id: string,
): NewAuditEntry {
  return { who, from, requestId, atMs, action, subject, detail: `session ${id}` };
}
