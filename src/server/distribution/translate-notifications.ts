import { formatDuration } from "../../lib/text/duration.ts";
import type { Plain } from "../settings/shapes.ts";
import { durationOf } from "./read-value.ts";
import type { Said } from "./said.ts";
import type { Translator } from "./translator.ts";

type Entry = { readonly [key: string]: Plain };

/** Endpoints are larder's but for Go's durations, and two keys that are written small there. */
export function translateNotifications(said: ReadonlyMap<string, Said>, to: Translator): void {
  const one = said.get("notifications.endpoints");
  if (one === undefined || typeof one.value !== "object" || !("document" in one.value)) return;
  const { document } = one.value;
  if (!Array.isArray(document)) return to.refuse(one, "must be a list of endpoints, each with name and url");
  try {
    const endpoints = (document as readonly Plain[]).filter((entry) => entry !== "").map(endpointOf);
    if (endpoints.length > 0) to.give("notifications.endpoints", endpoints, one);
  } catch (error) {
    to.refuse(one, error instanceof Error ? error.message : String(error));
  }
}

function endpointOf(entry: Plain): Plain {
  if (!isEntry(entry)) return entry;
  const { ignoredmediatypes, ignore, timeout, backoff, ...rest } = entry;
  return {
    ...rest,
    ...durationsOf({ timeout, backoff }),
    ...(ignoredmediatypes === undefined && !isEntry(ignore) ? {} : { ignore: ignoredOf(ignore, ignoredmediatypes) }),
  };
}

function durationsOf(given: { readonly [key: string]: Plain | undefined }): Entry {
  const said = Object.entries(given).filter(([, value]) => value !== undefined && value !== "" && value !== 0);
  return Object.fromEntries(
    said.map(([key, value]) => {
      try {
        return [key, formatDuration(durationOf(typeof value === "number" ? String(value) : textOf(value)))];
      } catch (error) {
        throw new Error(`${key} ${error instanceof Error ? error.message : ""}`, { cause: error });
      }
    }),
  );
}

function textOf(value: Plain | undefined): string {
  return typeof value === "string" ? value : "";
}

function ignoredOf(ignore: Plain | undefined, old: Plain | undefined): Entry {
  const { mediatypes, ...rest } = isEntry(ignore) ? ignore : {};
  const lists = [mediatypes, old].flatMap((list) => (Array.isArray(list) ? (list as readonly Plain[]) : []));
  return lists.length === 0 ? rest : { ...rest, mediaTypes: lists };
}

function isEntry(value: Plain | undefined): value is Entry {
  return value !== undefined && value !== null && typeof value === "object" && !Array.isArray(value);
}
