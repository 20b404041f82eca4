/** How much a line of the log matters. */
export type LogLevel = "debug" | "info" | "warning" | "error";

/** What a line says besides its message. Never a secret: no header, no query, no password. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

/** Where events of the server are told. */
export interface Log {
  write(level: LogLevel, message: string, fields?: LogFields): void;
}
