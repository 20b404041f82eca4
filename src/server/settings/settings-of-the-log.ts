import { fields } from "./field-shape.ts";
import { boolean, oneOf, wait } from "./shapes.ts";
import { row } from "./setting.ts";

/** Settings of a server: the end, and what is written of all. */
export const LOG_SETTINGS = {
  shutdown: row({ shape: wait, help: "how long open transfers may go on after SIGTERM", default: 30_000 }),
  log: row({
    flag: "--log-level <level>",
    shape: oneOf(["debug", "info", "warning", "error"]),
    help: "how much the log says: debug, info, warning or error",
    default: "info",
  }),
  accessLog: row({
    shape: boolean,
    help: "a line for each request; without it only for those that fail or are refused",
    default: true,
  }),
  logFields: row({
    shape: fields,
    isFileOnly: true,
    help: "fields that every line of the log carries",
    default: {},
    restart: "they are chosen at the start",
  }),
  logFormat: row({
    flag: "--log-format <format>",
    shape: oneOf(["human", "json"]),
    help: "what a line of the log looks like: human, to be read; json, an object for programs",
    defaultWords: "human on a terminal and in systemd's journal, else json",
    restart: "it is chosen at the start",
  }),
} as const;
