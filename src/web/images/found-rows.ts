import { type ApiProblem, asProblem } from "../api/api-problem.ts";

/** Rows of one request. */
const CHUNK = 100;
/** Chunks that are kept: what is scrolled away from is asked for again. */
const KEPT_CHUNKS = 12;
/** Who drags the bar through a long list wants none of what flies past. */
const SETTLE_MS = 60;

/** A part of what there is. */
export type Part<Row> = {
  readonly rows: readonly Row[];
  readonly total: number;
  readonly isCut: boolean;
  /** So many images are being measured; the answer will be another one then. */
  readonly unmeasured: number;
};

/** Asks for a part. */
export type Ask<Row> = (
  page: { readonly offset: number; readonly limit: number },
  signal: AbortSignal,
) => Promise<Part<Row>>;

/** What is shown. */
export type Shown<Row> = Omit<Part<Row>, "rows"> & {
  /** Which question it answers. */
  readonly key: string;
  readonly chunks: ReadonlyMap<number, readonly Row[]>;
};

/**
 * The rows of an answer of any length, of which those are held that are looked at. The rows before stay until the first ones of
 * another question have come, and when they do not come.
 */
export class FoundRows<Row> {
  shown: Shown<Row> | null = null;
  problem: ApiProblem | null = null;
  isAsking = false;
  /** Is there another order, or another number of rows, than is shown? */
  isOutdated = false;
  #latestTotal = 0;
  readonly #nameOf: (row: Row) => string;
  readonly #changed: () => void;
  #key = "";
  #ask: Ask<Row> | null = null;
  #visible = { first: 0, end: CHUNK };
  #asking = new Map<number, AbortController>();
  #refreshing: AbortController | null = null;
  #settling: ReturnType<typeof setTimeout> | undefined;

  /** `nameOf` tells rows apart; `changed` is called whenever anything of it is another. */
  constructor(nameOf: (row: Row) => string, changed: () => void) {
    this.#nameOf = nameOf;
    this.#changed = changed;
  }

  /** How many rows there are more than are shown; below 0: fewer. */
  get difference(): number {
    return this.#latestTotal - (this.shown?.total ?? 0);
  }

  rowAt(index: number): Row | null {
    return this.shown?.chunks.get(Math.floor(index / CHUNK))?.[index % CHUNK] ?? null;
  }

  /** Is a row that is looked at so? */
  someSeen(is: (row: Row) => boolean): boolean {
    return this.#visibleChunks().some((at) => this.shown?.chunks.get(at)?.some(is) === true);
  }

  /** Asks another question, from its beginning; one that was under way is given up. */
  question(key: string, ask: Ask<Row>): void {
    this.#key = key;
    this.#ask = ask;
    this.#visible = { first: 0, end: CHUNK };
    this.again();
  }

  /** Asks anew for what is looked at, and shows it as it is by now. */
  again(): void {
    this.#abortAll();
    const at = Math.floor(this.#visible.first / CHUNK);
    void this.#load(at, (part) => {
      this.shown = { ...part, key: this.#key, chunks: new Map([[at, part.rows]]) };
      this.#latestTotal = part.total;
      this.isOutdated = false;
      this.#fill();
    });
  }

  /** These rows are looked at, up to before `end`. */
  show(first: number, end: number): void {
    this.#visible = { first, end };
    clearTimeout(this.#settling);
    this.#settling = setTimeout(
      () => this.#fill(),
      this.shown?.chunks.has(Math.floor(first / CHUNK)) === true ? 0 : SETTLE_MS,
    );
  }

  /** Takes in what has changed of the rows that are looked at, where they stand: nothing moves. */
  async refresh(): Promise<void> {
    const [ask, shown] = [this.#ask, this.shown];
    if (ask === null || shown === null || shown.key !== this.#key) return;
    this.#refreshing?.abort();
    const left = new AbortController();
    this.#refreshing = left;
    try {
      for (const at of this.#visibleChunks()) {
        const part = await ask({ offset: at * CHUNK, limit: CHUNK }, left.signal);
        if (left.signal.aborted || this.shown?.key !== shown.key) return;
        // Now that all are measured their order is known.
        if (this.shown.unmeasured > 0 && part.unmeasured === 0) return this.again();
        this.#merge(at, part);
      }
      this.problem = null;
    } catch (failure) {
      if (left.signal.aborted) return;
      this.problem = asProblem(failure);
    }
    this.#changed();
  }

  /** Ends everything. */
  close(): void {
    this.#abortAll();
    clearTimeout(this.#settling);
  }

  #merge(at: number, part: Part<Row>): void {
    const shown = this.shown;
    const before = shown?.chunks.get(at);
    if (shown === null || before === undefined) return;
    const names = new Map(part.rows.map((row) => [this.#nameOf(row), row]));
    const isSame =
      before.length === part.rows.length &&
      before.every((row, index) => this.#nameOf(row) === this.#nameOf(part.rows[index] as Row));
    const rows = isSame ? part.rows : before.map((row) => names.get(this.#nameOf(row)) ?? row);
    this.#latestTotal = part.total;
    this.isOutdated ||= !isSame || part.total !== shown.total;
    this.shown = { ...shown, unmeasured: part.unmeasured, chunks: new Map(shown.chunks).set(at, rows) };
  }

  #visibleChunks(): readonly number[] {
    const last = Math.max(this.#visible.first, Math.min(this.#visible.end, this.shown?.total ?? 0) - 1);
    const [from, to] = [Math.floor(this.#visible.first / CHUNK), Math.floor(last / CHUNK)];
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  }

  /** Asks for what is looked at and lacks. */
  #fill(): void {
    const shown = this.shown;
    if (shown === null || shown.key !== this.#key) return;
    const visible = this.#visibleChunks();
    for (const [at, left] of this.#asking) if (!visible.includes(at)) left.abort();
    for (const at of visible) {
      if (shown.chunks.has(at) || this.#asking.has(at) || at * CHUNK >= shown.total) continue;
      void this.#load(at, (part) => {
        if (this.shown?.key !== this.#key) return;
        this.#latestTotal = part.total;
        this.isOutdated ||= part.total !== this.shown.total;
        this.shown = { ...this.shown, chunks: this.#bounded(new Map(this.shown.chunks).set(at, part.rows)) };
      });
    }
  }

  async #load(at: number, take: (part: Part<Row>) => void): Promise<void> {
    const ask = this.#ask;
    if (ask === null) return;
    const left = new AbortController();
    this.#asking.set(at, left);
    this.#setAsking();
    try {
      const part = await ask({ offset: at * CHUNK, limit: CHUNK }, left.signal);
      if (left.signal.aborted) return;
      this.problem = null;
      this.#asking.delete(at);
      take(part);
    } catch (failure) {
      if (left.signal.aborted) return;
      this.problem = asProblem(failure);
    } finally {
      if (this.#asking.get(at) === left) this.#asking.delete(at);
      this.#setAsking();
    }
  }

  #bounded(chunks: Map<number, readonly Row[]>): ReadonlyMap<number, readonly Row[]> {
    const middle = (this.#visible.first + this.#visible.end) / 2 / CHUNK;
    const byDistance = [...chunks.keys()].sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
    for (const far of byDistance.slice(KEPT_CHUNKS)) chunks.delete(far);
    return chunks;
  }

  #setAsking(): void {
    this.isAsking = this.#asking.size > 0;
    this.#changed();
  }

  #abortAll(): void {
    for (const left of this.#asking.values()) left.abort();
    this.#asking.clear();
    this.#refreshing?.abort();
  }
}
