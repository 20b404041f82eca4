import { randomBytes } from "node:crypto";
import { SingleFlight } from "../../lib/async/single-flight.ts";

/** Small values by key, kept for all larders that share a store. */
export interface KeyStore {
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<void>;
  /** Tells of changes, whoever makes them. */
  subscribe(listener: (key: string, value: unknown) => void): () => void;
}

const KEY = "tokenSigningKey";
const BYTES = 32;

/** The secret that signs larder's sessions: made at first need, and kept in the store, so that it outlives restarts. */
export class SigningKey {
  readonly #name: string;
  readonly #store: KeyStore;
  /** What holds while the store takes none: on a full disk people log in all the same. */
  readonly #onReadOnly: (error: unknown) => void;
  #key: Buffer | null = null;
  readonly #finding = new SingleFlight<"key", Buffer>();

  /** `name` is what the store has it under: another secret for another use. */
  constructor(store: KeyStore, onReadOnly: (error: unknown) => void, name = KEY) {
    this.#name = name;
    this.#store = store;
    this.#onReadOnly = onReadOnly;
    store.subscribe((key, value) => {
      if (key === name) this.#key = tryRead(value);
    });
  }

  /** The key; null when it is not known yet, and `find` is to be asked. */
  get now(): Buffer | null {
    return this.#key;
  }

  find(): Promise<Buffer> {
    if (this.#key !== null) return Promise.resolve(this.#key);
    return this.#finding.run("key", async () => {
      const kept = tryRead(await this.#store.get(this.#name));
      const key = kept ?? randomBytes(BYTES);
      if (kept === null) await this.#store.set(this.#name, key.toString("base64")).catch(this.#onReadOnly);
      this.#key = key;
      return key;
    });
  }
}

function tryRead(value: unknown): Buffer | null {
  if (typeof value !== "string") return null;
  const key = Buffer.from(value, "base64");
  return key.length === BYTES ? key : null;
}
