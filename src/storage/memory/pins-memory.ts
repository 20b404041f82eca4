import { type PinListener, PINS_LIMIT, type PinStore, type StoredPin } from "../pins.ts";
import { tooManyPins } from "../pins-limit.ts";
import { Subscribers } from "../subscribers.ts";

/** Pins in memory. */
export class MemoryPins implements PinStore {
  readonly #pins = new Map<string, StoredPin>();
  readonly #subscribers = new Subscribers<[]>();

  async add(pin: StoredPin): Promise<boolean> {
    if (this.#pins.has(pin.text)) return false;
    if (this.#pins.size >= PINS_LIMIT) throw tooManyPins();
    this.#pins.set(pin.text, pin);
    this.#subscribers.tell();
    return true;
  }

  async remove(text: string): Promise<boolean> {
    const isRemoved = this.#pins.delete(text);
    if (isRemoved) this.#subscribers.tell();
    return isRemoved;
  }

  async list(): Promise<readonly StoredPin[]> {
    return [...this.#pins.values()].sort((a, b) => Buffer.compare(Buffer.from(a.text), Buffer.from(b.text)));
  }

  subscribe(listener: PinListener): () => void {
    return this.#subscribers.add(listener);
  }
}
