import type { Digest } from "../../oci/digest.ts";
import { parsePinPattern, type PinPattern } from "../../oci/pin-pattern.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { PinStore, StoredPin } from "../../storage/pins.ts";
import type { Holds } from "./holds.ts";

/** The pins of the store, in memory, and current. */
export class Pins implements Holds {
  readonly #store: PinStore;
  readonly #now: () => number;
  /** By repository, those that are about one; and those with stars. */
  #exact = new Map<RepositoryName, PinPattern[]>();
  #patterns: PinPattern[] = [];
  #isLoaded = false;

  constructor(store: PinStore, now: () => number) {
    this.#store = store;
    this.#now = now;
    store.subscribe(() => void this.load().catch(() => {}));
  }

  /** Reads them. To be called before anything is given up: until then everything is held. */
  async load(): Promise<void> {
    const stored = await this.#store.list();
    const exact = new Map<RepositoryName, PinPattern[]>();
    const patterns: PinPattern[] = [];
    for (const { text } of stored) {
      const pin = parsePinPattern(text);
      if (pin.repository === null) patterns.push(pin);
      else exact.set(pin.repository, [...(exact.get(pin.repository) ?? []), pin]);
    }
    this.#exact = exact;
    this.#patterns = patterns;
    this.#isLoaded = true;
  }

  /** Is it held by a pin? As `reasonFor`. */
  isPinned(repository: RepositoryName, tag: Tag | null, digest: Digest): boolean {
    return this.reasonFor(repository, tag, digest) !== null;
  }

  reasonFor(repository: RepositoryName, tag: Tag | null, digest: Digest): string | null {
    if (!this.#isLoaded) return "pins that could not be read yet";
    const pin = this.pinOf(repository, tag, digest);
    return pin === null ? null : `the pin ${pin}`;
  }

  /** The text of the first pin that holds it; null: none does, as far as pins have been read. */
  pinOf(repository: RepositoryName, tag: Tag | null, digest: Digest): string | null {
    const holds = (pin: PinPattern) => pin.holds(repository, tag, digest);
    return (this.#exact.get(repository)?.find(holds) ?? this.#patterns.find(holds))?.text ?? null;
  }

  list(): Promise<readonly StoredPin[]> {
    return this.#store.list();
  }

  /** Pins what the text says. `isNew` is false when that was pinned already. Throws NAME_INVALID, DIGEST_INVALID, BAD_REQUEST. */
  async add(text: string, who: string | null): Promise<{ readonly text: string; readonly isNew: boolean }> {
    const pin = parsePinPattern(text);
    const isNew = await this.#store.add({ text: pin.text, addedAtMs: this.#now(), who });
    await this.load();
    return { text: pin.text, isNew };
  }

  /** Takes a pin away. False when there was none. Throws as `add`. */
  async remove(text: string): Promise<{ readonly text: string; readonly wasThere: boolean }> {
    const pin = parsePinPattern(text);
    const wasThere = await this.#store.remove(pin.text);
    await this.load();
    return { text: pin.text, wasThere };
  }
}
