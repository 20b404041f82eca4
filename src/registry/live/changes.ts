/** What may change besides images, which events tell of (`storage/events.ts`). */
export type ChangeTopic =
  | "offline"
  | "upstreams"
  | "pins"
  | "fetches"
  | "recordings"
  | "lists"
  | "accounts"
  | "audit"
  | "notifications"
  | "settings";

/** What goes on changing is told of so often at most. */
const MOVED_MS = 1000;

/** What has changed, on its way from who changes it to those who watch. */
export class Changes {
  readonly #listeners = new Set<(what: ChangeTopic) => void>();
  readonly #due = new Set<ChangeTopic>();

  /** Says that something has changed: whoever shows it asks for it again. Quick, never fails, and free where nobody watches. */
  changed(what: ChangeTopic): void {
    for (const listener of this.#listeners) listener(what);
  }

  /** Says that something goes on changing, as counts do: told within a second, once for all that came meanwhile. Never fails. */
  moved(what: ChangeTopic): void {
    if (this.#due.has(what)) return;
    this.#due.add(what);
    setTimeout(() => {
      this.#due.delete(what);
      this.changed(what);
    }, MOVED_MS).unref();
  }

  /** Tells of all changes from now on. The listener must be quick, and must not throw. Returns what ends that. */
  subscribe(listener: (what: ChangeTopic) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
