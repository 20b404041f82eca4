/** So long ago is what is called "now": shorter, and the rate jumps; longer, and it lags behind. */
const WINDOW_MS = 8000;
/** A rate over a shorter time is none. */
const LEAST_MS = 500;

/** How fast bytes come, of late. */
export class TransferRate {
  readonly #samples: { readonly atMs: number; readonly bytes: number }[] = [];

  /** So many bytes have come until `atMs`, a time that does not go back. */
  note(atMs: number, bytes: number): void {
    this.#samples.push({ atMs, bytes });
    while (this.#samples.length > 2 && (this.#samples[1]?.atMs ?? atMs) < atMs - WINDOW_MS) this.#samples.shift();
  }

  /** Bytes a second; null when that cannot be told yet. */
  get bytesPerSecond(): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs - first.atMs < LEAST_MS) return null;
    return ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
  }
}
