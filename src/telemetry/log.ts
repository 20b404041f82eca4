/** The severity of a log's line. */
export type LogLevel = "debug" | "info" | "warning" | "error";

/** The fields of a log's line besides its message. Never a secret: no header, no query, no password. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** Takes the events of the server. */
export interface Log {
  write(level: LogLevel, message: string, fields?: LogFields): void;
}
