import type { Log, LogFields, LogLevel } from "../telemetry/log.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The log of parts that know no levels: TLS and DNS. */
export type PlainLog = {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
};

/** A PlainLog that writes to larder's log. A list becomes text with commas. */
export function plainLog(log: Log): PlainLog {
  const write =
    (level: LogLevel) =>
    (message: string, fields: Fields = {}) =>
      log.write(
        level,
        message,
        Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, printable(value)])),
      );
  return { info: write("info"), warn: write("warning") };
}

function printable(value: unknown): LogFields[string] {
  if (value === null || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.join(",") : (JSON.stringify(value) ?? "");
}
