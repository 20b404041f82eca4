/** How much a line of the log matters. */
export type LogLevel = "debug" | "info" | "warning" | "error";

/** What a line says besides its message. Never a secret: no header, no query, no password. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** Where events of the server are told. */
export interface Log {
  write(level: LogLevel, message: string, fields?: LogFields): void;
}

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };

/** A line an event, `time level message key=value…`, in the form that journald and grep like. */
export class LineLog implements Log {
  readonly #writeLine: (line: string) => void;
  #least: LogLevel;
  readonly #now: () => number;

  constructor(writeLine: (line: string) => void, least: LogLevel, now: () => number) {
    this.#writeLine = writeLine;
    this.#least = least;
    this.#now = now;
  }

  /** From now on it says what matters that much, or more. */
  setLevel(least: LogLevel): void {
    this.#least = least;
  }

  write(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (ORDER[level] < ORDER[this.#least]) return;
    const details = Object.entries(fields).map(([key, value]) => ` ${key}=${printable(value)}`);
    this.#writeLine(`${new Date(this.#now()).toISOString()} ${level} ${message}${details.join("")}\n`);
  }
}

/** Quoted when it holds anything that would blur the line: what clients send must not forge lines. */
function printable(value: string | number | boolean | null): string {
  const text = String(value);
  return /^[\w./:@+*-]+$/.test(text) ? text : JSON.stringify(text.slice(0, 500));
}
