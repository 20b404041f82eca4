import type { AuditStore, NewAuditEntry } from "../audit.ts";
import {
  PAGE_SESSIONS_LIMIT,
  type PageSessionQuery,
  type PageSessionStore,
  type PageSessionUse,
  type StoredPageSession,
} from "../page-sessions.ts";
import { Subscribers } from "../subscribers.ts";

/** Page sessions in memory. */
export class MemoryPageSessions implements PageSessionStore {
  readonly #sessions = new Map<string, StoredPageSession>();
  readonly #audit: AuditStore;
  readonly #subscribers = new Subscribers<[readonly string[]]>();

  constructor(audit: AuditStore) {
    this.#audit = audit;
  }

  async find(secretHash: string): Promise<StoredPageSession | null> {
    return [...this.#sessions.values()].find((session) => session.secretHash === secretHash) ?? null;
  }

  async get(id: string): Promise<StoredPageSession | null> {
    return this.#sessions.get(id) ?? null;
  }

  async list({ name, before, limit }: PageSessionQuery): Promise<readonly StoredPageSession[]> {
    return [...this.#sessions.values()]
      .filter((session) => (name === null || session.name === name) && (before === null || session.id < before))
      .toSorted((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, limit);
  }

  async add(session: StoredPageSession, audit: NewAuditEntry): Promise<void> {
    const byUse = [...this.#sessions.values()].toSorted((a, b) => b.usedAtMs - a.usedAtMs || (a.id < b.id ? 1 : -1));
    const { each, all } = PAGE_SESSIONS_LIMIT;
    const mine = byUse.filter(({ name }) => name === session.name).slice(each - 1);
    const ids = new Set([...mine, ...byUse.slice(all - 1)].map(({ id }) => id));
    this.#take([...ids]);
    this.#sessions.set(session.id, session);
    await this.#audit.append(audit);
  }

  async noteUse(uses: readonly PageSessionUse[]): Promise<void> {
    for (const { id, atMs } of uses) {
      const session = this.#sessions.get(id);
      if (session !== undefined && session.usedAtMs < atMs) this.#sessions.set(id, { ...session, usedAtMs: atMs });
    }
  }

  async remove(id: string, audit: NewAuditEntry): Promise<StoredPageSession | null> {
    const session = this.#sessions.get(id);
    if (session === undefined) return null;
    this.#take([id]);
    await this.#audit.append(audit);
    return session;
  }

  async sweep(nowMs: number, usedBeforeMs: number): Promise<number> {
    const over = [...this.#sessions.values()].filter(
      ({ expiresAtMs, usedAtMs }) => expiresAtMs <= nowMs || usedAtMs < usedBeforeMs,
    );
    this.#take(over.map(({ id }) => id));
    return over.length;
  }

  subscribe(listener: (ids: readonly string[]) => void): () => void {
    return this.#subscribers.add(listener);
  }

  #take(ids: readonly string[]): void {
    for (const id of ids) this.#sessions.delete(id);
    if (ids.length > 0) this.#subscribers.tell(ids);
  }
}
