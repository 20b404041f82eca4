import type { CommandOutput } from "../lib/command/command-io.ts";

const REDRAW_MS = 100;
const BAR_CELLS = 24;
const LIVE_LINES = 12;
const LINE_CELLS = 79;

/**
 * Shows transfers. On a terminal each has a bar while it runs; elsewhere nothing is shown but a line for each that has
 * ended. All numbers are bytes.
 */
export class Progress {
  readonly #output: CommandOutput;
  readonly #now: () => number;
  readonly #running = new Map<
    string,
    { readonly label: string; readonly totalBytes: number | null; doneBytes: number }
  >();
  #drawnLines = 0;
  #drawnAtMs = Number.NEGATIVE_INFINITY;

  /** `now` gives milliseconds of a clock that does not go back. */
  constructor(output: CommandOutput, now: () => number) {
    this.#output = output;
    this.#now = now;
  }

  /** A transfer begins. `key` is told from others by; `totalBytes` is null when it is not known. */
  begin(key: string, label: string, totalBytes: number | null): void {
    this.#running.set(key, { label, totalBytes, doneBytes: 0 });
    this.#redraw(false);
  }

  /** So many bytes have come by now. */
  update(key: string, doneBytes: number): void {
    const transfer = this.#running.get(key);
    if (transfer === undefined) return;
    transfer.doneBytes = doneBytes;
    this.#redraw(false);
  }

  /** A transfer has ended; `note` says how. */
  end(key: string, note: string): void {
    const transfer = this.#running.get(key);
    if (transfer === undefined) return;
    this.#running.delete(key);
    const size = formatBytes(transfer.totalBytes ?? transfer.doneBytes);
    this.say(`${transfer.label}  ${size.padStart(9)}  ${note}`);
  }

  /** A line that stays, above the bars. */
  say(line: string): void {
    this.#erase();
    this.#output.write(`${line}\n`);
    this.#redraw(true);
  }

  /** Takes the bars away: of what still ran, nothing more will come. */
  close(): void {
    this.#running.clear();
    this.#erase();
  }

  #redraw(always: boolean): void {
    if (!this.#output.isTerminal) return;
    const now = this.#now();
    if (!always && now - this.#drawnAtMs < REDRAW_MS) return;
    this.#erase();
    const transfers = [...this.#running.values()];
    const lines = transfers.slice(0, LIVE_LINES).map(({ label, doneBytes, totalBytes }) => {
      const size = `${formatBytes(doneBytes)}${totalBytes === null ? "" : ` of ${formatBytes(totalBytes)}`}`;
      return `${label}  ${bar(doneBytes, totalBytes)}  ${size}`.slice(0, LINE_CELLS);
    });
    if (transfers.length > LIVE_LINES) lines.push(`and ${transfers.length - LIVE_LINES} more`);
    this.#output.write(lines.map((line) => `${line}\n`).join(""));
    this.#drawnLines = lines.length;
    this.#drawnAtMs = now;
  }

  #erase(): void {
    // Up by the lines that were drawn, then clear to the end of the screen.
    if (this.#drawnLines > 0) this.#output.write(`\x1b[${this.#drawnLines}A\x1b[J`);
    this.#drawnLines = 0;
  }
}

/** `1.5 MB`: three digits at most before the unit, powers of 1000. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

function bar(doneBytes: number, totalBytes: number | null): string {
  const share = totalBytes === null || totalBytes === 0 ? 0 : Math.min(1, doneBytes / totalBytes);
  const full = Math.round(share * BAR_CELLS);
  return `[${"#".repeat(full)}${"-".repeat(BAR_CELLS - full)}]`;
}
