import { formatBytes } from "../lib/text/format-bytes.ts";
import { cutMiddle } from "../lib/text/fit-text.ts";
import type { CommandOutput } from "../lib/command/command-io.ts";
import { formatDuration, formatShare, progressLine } from "./progress-line.ts";
import { TransferRate } from "./transfer-rate.ts";

const REDRAW_MS = 200;
/** What stands still is drawn anew so often: its rate falls. */
const IDLE_REDRAW_MS = 1000;
/** Elsewhere than on a terminal it is told so often that something goes on. */
const REPORT_MS = 60_000;
const LIVE_LINES = 12;
const USUAL_COLUMNS = 80;
const LEAST_COLUMNS = 20;

type Transfer = { readonly label: string; readonly totalBytes: number | null; doneBytes: number };

/**
 * Shows transfers. On a terminal each has a bar while it runs, and below them stand all together, their rate and the time
 * that is left, never wider than the terminal is just now; elsewhere there is a line for each that has ended, and one a
 * minute while others run. The cursor is never hidden, so that whatever ends the program leaves the terminal as it was.
 */
export class Progress {
  readonly #output: CommandOutput;
  readonly #now: () => number;
  readonly #running = new Map<string, Transfer>();
  readonly #rate = new TransferRate();
  #endedBytes = 0;
  #endedCount = 0;
  #drawn: readonly number[] = [];
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #reportedAtMs: number;
  #timer: ReturnType<typeof setInterval> | null = null;
  #unwatch: (() => void) | null = null;

  /** `now` gives milliseconds of a clock that does not go back. */
  constructor(output: CommandOutput, now: () => number) {
    this.#output = output;
    this.#now = now;
    this.#reportedAtMs = now();
  }

  /** A transfer begins. `key` is told from others by; `totalBytes` is null when it is not known. */
  begin(key: string, label: string, totalBytes: number | null): void {
    this.#running.set(key, { label, totalBytes, doneBytes: 0 });
    this.#watch();
    this.#show(false);
  }

  /** So many bytes have come by now. */
  update(key: string, doneBytes: number): void {
    const transfer = this.#running.get(key);
    if (transfer === undefined) return;
    transfer.doneBytes = doneBytes;
    this.#show(false);
  }

  /** A transfer has ended; `note` says how. `wasMoved`: its bytes came over, and were not there before. */
  end(key: string, note: string, wasMoved: boolean): void {
    const transfer = this.#running.get(key);
    if (transfer === undefined) return;
    this.#running.delete(key);
    const bytes = transfer.totalBytes ?? transfer.doneBytes;
    if (wasMoved) this.#endedBytes += bytes;
    this.#endedCount += 1;
    const facts = `  ${formatBytes(bytes).padStart(9)}  ${note}`;
    const { isTerminal } = this.#output;
    const label = isTerminal
      ? cutMiddle(transfer.label, Math.max(8, this.#columns() - 1 - facts.length))
      : transfer.label;
    this.say(`${label}${facts}`);
  }

  /** A line that stays, above the bars. */
  say(line: string): void {
    const erase = this.#erase();
    this.#output.write(`${erase}${line}\n`);
    this.#show(true);
  }

  /** Takes the bars away: of what still ran, nothing more will come. */
  close(): void {
    this.#running.clear();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#unwatch?.();
    this.#timer = null;
    this.#unwatch = null;
    const erase = this.#erase();
    if (erase !== "") this.#output.write(erase);
  }

  #watch(): void {
    if (!this.#output.isTerminal || this.#timer !== null) return;
    this.#timer = setInterval(() => this.#show(false), IDLE_REDRAW_MS);
    this.#timer.unref();
    this.#unwatch = this.#output.onResize?.(() => this.#show(true)) ?? null;
  }

  #show(always: boolean): void {
    if (!this.#output.isTerminal) return this.#report();
    const now = this.#now();
    if (!always && now - this.#drawnAtMs < REDRAW_MS) return;
    const columns = this.#columns() - 1;
    const transfers = [...this.#running.values()];
    const lines = transfers.slice(0, LIVE_LINES).map((transfer) => progressLine(transfer, columns));
    if (transfers.length > LIVE_LINES) lines.push(`and ${transfers.length - LIVE_LINES} more`);
    if (transfers.length > 0) lines.push(this.#total(columns, now));
    // One piece: a terminal that shows half of it would flicker.
    const text = `${this.#erase()}${lines.map((line) => `${line}\n`).join("")}`;
    if (text !== "") this.#output.write(text);
    this.#drawn = lines.map((line) => line.length);
    this.#drawnAtMs = now;
  }

  /** All transfers together. */
  #total(columns: number, now: number): string {
    const { doneBytes, totalBytes } = this.#sum();
    this.#rate.note(now, doneBytes);
    const rate = this.#rate.bytesPerSecond;
    const left = rate === null || rate < 1 || totalBytes === null ? null : (totalBytes - doneBytes) / rate;
    const parts = [
      `${this.#endedCount} of ${this.#endedCount + this.#running.size} done`,
      formatShare(doneBytes, totalBytes),
      ...(rate === null ? [] : [`${formatBytes(rate)}/s`]),
      ...(left === null ? [] : [`${formatDuration(left)} left`]),
    ];
    // The time that is left says most; what does not fit goes from the front.
    while (parts.length > 1 && parts.join("  ").length > columns) parts.shift();
    return parts.join("  ").slice(0, columns);
  }

  #sum(): { readonly doneBytes: number; readonly totalBytes: number | null } {
    let [doneBytes, totalBytes]: [number, number | null] = [this.#endedBytes, this.#endedBytes];
    for (const transfer of this.#running.values()) {
      doneBytes += transfer.doneBytes;
      totalBytes = totalBytes === null || transfer.totalBytes === null ? null : totalBytes + transfer.totalBytes;
    }
    return { doneBytes, totalBytes };
  }

  #report(): void {
    const now = this.#now();
    if (now - this.#reportedAtMs < REPORT_MS || this.#running.size === 0) return;
    this.#reportedAtMs = now;
    this.#output.write(`${this.#total(200, now)}\n`);
  }

  #columns(): number {
    const columns = this.#output.columns ?? 0;
    return columns > 0 ? Math.max(LEAST_COLUMNS, columns) : USUAL_COLUMNS;
  }

  /** What takes the bars away. Lines that were drawn wider than the terminal is now have been broken by it. */
  #erase(): string {
    if (this.#drawn.length === 0) return "";
    const columns = this.#columns();
    const rows = this.#drawn.reduce((sum, cells) => sum + Math.max(1, Math.ceil(cells / columns)), 0);
    this.#drawn = [];
    return `\x1b[${rows}A\x1b[J`;
  }
}
