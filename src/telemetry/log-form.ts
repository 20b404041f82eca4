import type { LogFields, LogLevel } from "./log.ts";
import { quoteSafely } from "./quote-safely.ts";

/** The form of a log's lines. */
export type LogForm = {
  /** `human`: to be read on a screen; `json`: an object a line, for programs. */
  readonly format: LogFormat;
  /** Somebody sits before it: the time of day will do. */
  readonly isTerminal: boolean;
  readonly isColoured: boolean;
  /** systemd's journal takes it: each line begins with its priority, and needs no time, which the journal has. */
  readonly isJournal: boolean;
};

type LogFormat = "human" | "json";

/** The form for people without colours, as in a file. */
export const PLAIN_FORM: LogForm = { format: "human", isTerminal: false, isColoured: false, isJournal: false };

/** Longer values are cut: a stack trace fits, a body does not. */
const VALUE_LIMIT = 2000;

/** What may be written without quotes in a line for people. */
const BARE = /^[\w./:@+*-]+$/;

/**
 * Formats an event as a line, with its line break: `time level message key=value…`, or an object with those and all
 * fields as members.
 */
export function formatEvent(form: LogForm, atMs: number, level: LogLevel, message: string, fields: LogFields): string {
  if (form.format === "json") {
    const members = Object.entries(fields).map(([key, value]) => `,${quoteSafely(key, 100)}:${member(value)}`);
    return `{"time":"${isoTime(atMs)}","level":"${level}","message":${quoteSafely(message, VALUE_LIMIT)}${members.join("")}}\n`;
  }
  const details = Object.entries(fields).map(([key, value]) => ` ${key}=${printable(value)}`);
  const word = form.isTerminal ? level.padEnd(7) : level;
  return `${dim(form, timeText(form, atMs))}${paint(form, COLOURS[level], word)} ${message}${dim(form, details.join(""))}\n`;
}

/** How a line of this form ends. */
export function lineEndOf({ format }: LogForm): string {
  return format === "json" ? "}\n" : "\n";
}

/** Fields that every line has, as the end of a line, which takes the place of `lineEndOf`; empty for none. */
export function formatFixed(form: LogForm, fields: LogFields): string {
  const entries = Object.entries(fields);
  if (entries.length === 0) return "";
  const written =
    form.format === "json"
      ? entries.map(([key, value]) => `,${quoteSafely(key, 100)}:${member(value)}`).join("")
      : dim(form, entries.map(([key, value]) => ` ${key}=${printable(value)}`).join(""));
  return written + lineEndOf(form);
}

const COLOURS: Readonly<Record<LogLevel, string>> = { debug: "2", info: "32", warning: "33", error: "31" };

/** Colours a text with an ANSI code, when the form has colours. */
export function paint({ isColoured }: LogForm, colour: string, text: string): string {
  return isColoured && text !== "" ? `\u001b[${colour}m${text}\u001b[0m` : text;
}

/** Dims a text of less weight, when the form has colours. */
export function dim(form: LogForm, text: string): string {
  return paint(form, "2", text);
}

/** Formats a time for people, with a blank behind it: on a terminal the time of day in their own zone, in the journal nothing. */
export function timeText({ isTerminal, isJournal }: LogForm, atMs: number): string {
  if (isJournal) return "";
  return isTerminal ? `${new Date(atMs).toTimeString().slice(0, 8)} ` : `${isoTime(atMs)} `;
}

/** What the journal takes for the priority of a line (sd-daemon(3)). */
const PRIORITIES: Readonly<Record<LogLevel, string>> = { debug: "<7>", info: "<6>", warning: "<4>", error: "<3>" };

/** What stands before a line of this level, whatever its format. */
export function priorityOf({ isJournal }: LogForm, level: LogLevel): string {
  return isJournal ? PRIORITIES[level] : "";
}

let last = { atMs: Number.NaN, text: "" };

/** Formats a time by ISO 8601. Lines of one millisecond, which may be many, share the text. */
export function isoTime(atMs: number): string {
  if (atMs !== last.atMs) last = { atMs, text: new Date(atMs).toISOString() };
  return last.text;
}

function member(value: string | number | boolean | null): string {
  if (typeof value === "string") return quoteSafely(value, VALUE_LIMIT);
  return typeof value === "number" && !Number.isFinite(value) ? "null" : String(value);
}

function printable(value: string | number | boolean | null): string {
  const text = String(value);
  return text.length <= VALUE_LIMIT && BARE.test(text) ? text : quoteSafely(text, VALUE_LIMIT);
}
