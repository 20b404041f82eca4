import type { KnownUser, UserDirectory } from "../directory.ts";

const NOBODY: ReadonlyMap<string, KnownUser> = new Map();

/** The users of the htpasswd file that is configured, as it was read last. */
export class HtpasswdUsers implements UserDirectory {
  readonly #listeners = new Set<() => void>();
  #users = NOBODY;

  isAnybody(): boolean {
    return this.#users.size > 0;
  }

  async findUser(name: string): Promise<KnownUser | null> {
    return this.#users.get(name) ?? null;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** From now on these are all there are; null: no file is configured. */
  replace(users: ReadonlyMap<string, KnownUser> | null): void {
    this.#users = users ?? NOBODY;
    for (const tell of this.#listeners) tell();
  }
}
