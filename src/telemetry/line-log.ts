import { formatEvent, formatFixed, lineEndOf, type LogForm, PLAIN_FORM, priorityOf } from "./log-form.ts";
import type { Log, LogFields, LogLevel } from "./log.ts";

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };

/** A log with a line for each event, for people or for programs. */
export class LineLog implements Log {
  readonly form: LogForm;
  readonly now: () => number;
  readonly #writeLine: (line: string) => void;
  readonly #counts: Record<LogLevel, number> = { debug: 0, info: 0, warning: 0, error: 0 };
  #least: LogLevel;
  readonly #fixed: string;

  constructor(
    writeLine: (line: string) => void,
    least: LogLevel,
    now: () => number,
    form: LogForm = PLAIN_FORM,
    fixed: LogFields = {},
  ) {
    this.#writeLine = writeLine;
    this.#least = least;
    this.now = now;
    this.form = form;
    this.#fixed = formatFixed(form, fixed);
  }

  /** Are lines of this level written at all? */
  writes(level: LogLevel): boolean {
    return ORDER[level] >= ORDER[this.#least];
  }

  /** How many lines were written, by level. */
  get counts(): Readonly<Record<LogLevel, number>> {
    return this.#counts;
  }

  /** From now on it says what matters that much, or more. */
  setLevel(least: LogLevel): void {
    this.#least = least;
  }

  write(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (this.writes(level)) this.writeLine(level, formatEvent(this.form, this.now(), level, message, fields));
  }

  /** Writes a line of this level that is in this log's form already, with its end. */
  writeLine(level: LogLevel, line: string): void {
    this.#counts[level]++;
    if (this.#fixed !== "") return this.#writeLine(line.slice(0, -lineEndOf(this.form).length) + this.#fixed);
    this.#writeLine(this.form.isJournal ? priorityOf(this.form, level) + line : line);
  }
}
