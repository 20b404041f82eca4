import {
  AUDIT_KEPT,
  AUDIT_KEPT_MS,
  type AuditEntry,
  type AuditQuery,
  type AuditStore,
  boundedEntry,
  isWanted,
  type NewAuditEntry,
} from "../audit.ts";
import type { StoreEvent } from "../events.ts";
import { Subscribers } from "../subscribers.ts";
import type { MemoryEvents } from "./events-memory.ts";

/** The audit log in memory. */
export class MemoryAudit implements AuditStore {
  readonly #events: MemoryEvents;
  readonly #subscribers = new Subscribers<[]>();
  #entries: AuditEntry[] = [];

  constructor(events: MemoryEvents) {
    this.#events = events;
  }

  async append(entry: NewAuditEntry): Promise<void> {
    const stored = { ...boundedEntry(entry), id: this.#events.takeId() };
    this.#entries = [...this.#entries, stored]
      .filter(({ atMs }) => atMs >= entry.atMs - AUDIT_KEPT_MS)
      .slice(-AUDIT_KEPT);
    this.#subscribers.tell();
  }

  subscribe(listener: () => void): () => void {
    return this.#subscribers.add(listener);
  }

  async list(query: AuditQuery): Promise<readonly AuditEntry[]> {
    const { before, sinceMs, limit } = query;
    const events = (await this.#events.listAfter(0, Number.MAX_SAFE_INTEGER)).flatMap((event) => entryOf(event) ?? []);
    return [...this.#entries, ...events]
      .filter(({ id, atMs }) => (before === null || id < before) && atMs >= sinceMs)
      .filter((entry) => isWanted(entry, query))
      .toSorted((a, b) => b.id - a.id)
      .slice(0, limit);
  }
}

/** Null for an event that is no part of the log. */
function entryOf({ id, atMs, kind, repository, tag, digest, who, from, requestId }: StoreEvent): AuditEntry | null {
  if (kind !== "pushed" && kind !== "removed") return null;
  const subject = repository === null ? null : `${repository}${tag === null ? `@${digest}` : `:${tag}`}`;
  return { id, atMs, action: `image-${kind}`, subject, detail: digest, who, from, requestId };
}
