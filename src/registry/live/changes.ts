/** What may change besides images, which events tell of (`storage/events.ts`). */
export type ChangeTopic =
  | "offline"
  | "upstreams"
  | "pins"
  | "fetches"
  | "recordings"
  | "lists"
  | "accounts"
  | "notifications"
  | "settings";

/** What has changed, on its way from who changes it to those who watch. */
export class Changes {
  readonly #listeners = new Set<(what: ChangeTopic) => void>();

  /** Says that something has changed: whoever shows it asks for it again. Quick, never fails, and free where nobody watches. */
  changed(what: ChangeTopic): void {
    for (const listener of this.#listeners) listener(what);
  }

  /** Tells of all changes from now on. The listener must be quick, and must not throw. Returns what ends that. */
  subscribe(listener: (what: ChangeTopic) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
