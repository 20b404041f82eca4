/** The contract of pins: what people said is never to be given up by itself. */

/** A pin. `text` is its canonical spelling (`oci/pin-pattern.ts`); `who` made it, null when nobody knows. */
export type StoredPin = { readonly text: string; readonly addedAtMs: number; readonly who: string | null };

/** The largest number of pins: each is held against each image that is about to go. */
export const PINS_LIMIT = 5000;

/** Is told when pins have come or gone. It must not throw. */
export type PinListener = () => void;

/** The pins of one store, by their texts. */
export interface PinStore {
  /** False when it is there already, and stays as it is. Durable when it returns. Throws for more than `PINS_LIMIT`. */
  add(pin: StoredPin): Promise<boolean>;
  /** False when there was none. Durable when it returns. */
  remove(text: string): Promise<boolean>;
  /** All of them, in the order of their texts. */
  list(): Promise<readonly StoredPin[]>;
  /** Tells of each change, whoever makes it, once it can be read. Returns what ends that. */
  subscribe(listener: PinListener): () => void;
}
