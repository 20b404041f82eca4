/** `notifications.endpoints`: whom larder tells what happens. Keys and defaults are registry:2's where that has them. */
import { formatDuration, tryParseDuration } from "../../lib/text/duration.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { nearestWord } from "../../lib/text/nearest-word.ts";
import { parseImagePattern } from "../../oci/image-pattern.ts";
import {
  FORMATS,
  NOTICE_KINDS,
  type NoticeKind,
  type NotificationEndpoint,
  REGISTRY_ACTIONS,
  showUrl,
  SIGNATURE_HEADER,
} from "../../registry/notifications/endpoint.ts";
import { type Complain, readByHand } from "./read-by-hand.ts";
import type { Plain, Shape } from "./shapes.ts";

const KEYS = [
  "name",
  "url",
  "headers",
  "format",
  "timeout",
  "threshold",
  "backoff",
  "disabled",
  "ca",
  "secretFile",
  "signatureHeader",
  "kinds",
  "blobs",
  "images",
  "ignore",
];
const EXAMPLE = "{ name: builds, url: 'https://ci.example/hook' }";
const EXPECTED = `endpoints such as ${EXAMPLE}`;
const MOST_ENDPOINTS = 50;
const MOST_ITEMS = 100;
const LONGEST_TIMEOUT_MS = 60_000;
const LONGEST_BACKOFF_MS = 86_400_000;
/** What a request needs to be one is not for settings. */
const OWN_HEADERS = /^(?:host|content-length|content-type|transfer-encoding|connection|expect|upgrade)$/i;
const MASK = "********";

type Entry = Readonly<Record<string, unknown>>;
/** The endpoints. A file alone says them: their URLs and headers may hold secrets. */
export const notificationEndpoints: Shape<readonly NotificationEndpoint[]> = {
  schema: readByHand(readEndpoints),
  expected: EXPECTED,
  write: `a list of ${EXPECTED} (docs/notifications.md)`,
  fromText: () => null,
  isList: true,
  isSwitch: false,
  toPlain: (endpoints) => endpoints.map(plainOf),
};

/** The endpoints as people may see them: secrets of headers and URLs are masked. */
export function shownEndpoints(endpoints: readonly NotificationEndpoint[]): Plain {
  return endpoints.map(shownOf);
}

function readEndpoints(value: unknown, complain: Complain): readonly NotificationEndpoint[] {
  if (!Array.isArray(value)) {
    complain(`must be a list of ${EXPECTED}`);
    return [];
  }
  if (value.length > MOST_ENDPOINTS) complain(`there are more than ${MOST_ENDPOINTS} endpoints`);
  const endpoints = value.slice(0, MOST_ENDPOINTS).map((one: unknown, at) => {
    const name = isEntry(one) && typeof one["name"] === "string" ? one["name"] : `endpoint ${at + 1}`;
    return readEndpoint(one, (message, ...path) => complain(`${name}: ${message}`, at, ...path));
  });
  for (const [at, { name }] of endpoints.entries()) {
    const isTaken = endpoints.slice(0, at).some((other) => other.name === name);
    if (isTaken && name !== "") complain(`two endpoints are called ${name}; each needs a name of its own`, at, "name");
  }
  return endpoints;
}

function readEndpoint(value: unknown, complain: Complain): NotificationEndpoint {
  const given = isEntry(value) ? value : {};
  if (!isEntry(value)) complain(`must be keys and values, such as ${EXAMPLE}`);
  refuseUnknown(given, KEYS, "an endpoint", complain);
  const format = readWord(given, "format", FORMATS, complain) ?? "registry2";
  const ignore = isEntry(given["ignore"]) ? given["ignore"] : {};
  if (given["ignore"] !== undefined && !isEntry(given["ignore"])) {
    complain("ignore must be keys and values: { mediaTypes: […], actions: […] }", "ignore");
  }
  const inIgnore: Complain = (message, ...path) => complain(`ignore: ${message}`, "ignore", ...path);
  refuseUnknown(ignore, ["mediaTypes", "actions"], "ignore", inIgnore);
  const ignored = readWords(ignore, "actions", REGISTRY_ACTIONS, inIgnore) ?? [];
  const possible = format === "cloudevents" ? NOTICE_KINDS : REGISTRY_ACTIONS;
  const usual = format === "cloudevents" ? NOTICE_KINDS.filter((kind) => kind !== "pull") : REGISTRY_ACTIONS;
  const kinds = readWords<NoticeKind>(given, "kinds", possible, complain) ?? usual;
  return {
    name: readName(given["name"], complain),
    url: readUrl(given["url"], complain),
    headers: readHeaders(given["headers"], complain),
    format,
    timeoutMs: readDuration(given, "timeout", 1000, LONGEST_TIMEOUT_MS, complain),
    threshold: readThreshold(given["threshold"], complain),
    backoffMs: readDuration(given, "backoff", 1000, LONGEST_BACKOFF_MS, complain),
    isDisabled: readBoolean(given, "disabled", false, complain),
    caFile: readText(given, "ca", complain),
    secretFile: readText(given, "secretFile", complain),
    signatureHeader: readHeaderName(given, complain),
    kinds: kinds.filter((kind) => !(ignored as readonly NoticeKind[]).includes(kind)),
    wantsBlobs: readBoolean(given, "blobs", format !== "cloudevents", complain),
    images: readImages(given, complain),
    ignoredMediaTypes: readTexts(ignore, "mediaTypes", inIgnore),
  };
}

function refuseUnknown(given: Entry, keys: readonly string[], what: string, complain: Complain): void {
  for (const key of Object.keys(given)) {
    if (keys.includes(key)) continue;
    const meant = nearestWord(key, [...keys]);
    const hint = meant === null ? ` (there are: ${keys.join(", ")})` : `; did you mean ${meant}?`;
    complain(`${JSON.stringify(key)} is no key of ${what}${hint}`, key);
  }
}

function readName(value: unknown, complain: Complain): string {
  if (typeof value === "string" && /^[\w][\w.-]{0,63}$/.test(value)) return value;
  complain(
    "name must say what the endpoint is called in the log: letters, digits, dots, dashes and underscores, 64 at most",
    ...(value === undefined ? [] : ["name"]),
  );
  return "";
}

/** The URL itself is not told: it may hold a password. */
function readUrl(value: unknown, complain: Complain): string {
  const url = typeof value === "string" && value.length <= 2048 ? URL.parse(value) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.hostname !== "" && url.hash === "") return value as string;
  complain(
    "url must say where notifications go: https://… or http://…, without a fragment",
    ...(value === undefined ? [] : ["url"]),
  );
  return "http://endpoint.invalid";
}

function readHeaders(value: unknown, complain: Complain): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (!isEntry(value)) {
    complain("headers must be names and values, such as { Authorization: [Bearer …] }", "headers");
    return {};
  }
  const read: Record<string, string> = {};
  for (const [name, said] of Object.entries(value).slice(0, MOST_ITEMS)) {
    const texts: readonly unknown[] = Array.isArray(said) ? said : [said];
    const isGood = texts.length > 0 && texts.every((text) => typeof text === "string" && /^[\t\x20-\x7e]+$/.test(text));
    if (!/^[\w!#$%&'*+.^`|~-]{1,128}$/.test(name)) complain(`${JSON.stringify(name)} is no header's name`, "headers");
    else if (OWN_HEADERS.test(name)) complain(`headers: larder itself sends ${name}`, "headers", name);
    else if (!isGood)
      complain(`headers: ${name} must be a text of one line in ASCII, or a list of some`, "headers", name);
    else read[name] = texts.join(", ");
  }
  return read;
}

function readHeaderName(given: Entry, complain: Complain): string {
  const name = given["signatureHeader"] ?? SIGNATURE_HEADER;
  const isGood = typeof name === "string" && /^[\w!#$%&'*+.^`|~-]{1,128}$/.test(name) && !OWN_HEADERS.test(name);
  if (isGood && given["secretFile"] === undefined && name !== SIGNATURE_HEADER) {
    complain("signatureHeader is of use with a secretFile alone, which there is none of", "signatureHeader");
  }
  if (isGood) return name;
  complain("signatureHeader must be the name of a header, such as X-Signature", "signatureHeader");
  return SIGNATURE_HEADER;
}

function readDuration(given: Entry, key: string, usualMs: number, longestMs: number, complain: Complain): number {
  const value = given[key];
  if (value === undefined) return usualMs;
  const ms = typeof value === "string" ? tryParseDuration(value) : null;
  if (ms !== null && ms > 0 && ms <= longestMs) return ms;
  complain(`${key} must be a duration of 1ms to ${formatDuration(longestMs)}, such as 500ms or 5s`, key);
  return usualMs;
}

function readThreshold(value: unknown, complain: Complain): number {
  if (value === undefined) return 10;
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0 && value <= 1000) return value;
  complain("threshold must be a number of failures, 1 to 1000", "threshold");
  return 10;
}

function readBoolean(given: Entry, key: string, usual: boolean, complain: Complain): boolean {
  const value = given[key] ?? usual;
  if (typeof value === "boolean") return value;
  complain(`${key} must be true or false`, key);
  return usual;
}

function readText(given: Entry, key: string, complain: Complain): string | null {
  const value = given[key] ?? null;
  if (value === null || (typeof value === "string" && value !== "")) return value;
  complain(`${key} must be the path of a file`, key);
  return null;
}

function readTexts(given: Entry, key: string, complain: Complain): readonly string[] {
  const said = given[key] ?? [];
  const list: readonly unknown[] = Array.isArray(said) ? said : [said];
  if (list.length <= MOST_ITEMS && list.every((one) => typeof one === "string" && one !== "")) return list as string[];
  complain(`${key} must be a text, or a list of ${MOST_ITEMS} at most`, key);
  return [];
}

function readWord<Word extends string>(given: Entry, key: string, words: readonly Word[], complain: Complain) {
  const value = given[key];
  const word = words.find((one) => one === value);
  if (value !== undefined && word === undefined) complain(`${key} must be one of ${words.join(", ")}`, key);
  return word;
}

function readWords<Word extends string>(
  given: Entry,
  key: string,
  words: readonly Word[],
  complain: Complain,
): readonly Word[] | null {
  if (given[key] === undefined) return null;
  const said = readTexts(given, key, complain);
  const strange = said.find((one) => !(words as readonly string[]).includes(one));
  if (strange !== undefined)
    complain(`${key}: ${JSON.stringify(strange)} is none of ${words.join(", ")}, as this format has them`, key);
  return words.filter((word) => said.includes(word));
}

function readImages(given: Entry, complain: Complain): readonly string[] {
  return readTexts(given, "images", complain).flatMap((text, at) => {
    try {
      return [parseImagePattern(text).text];
    } catch (error) {
      complain(`images: ${describeFailure(error)}`, "images", at);
      return [];
    }
  });
}

function plainOf(endpoint: NotificationEndpoint): Plain {
  const { format, caFile, secretFile, signatureHeader, images, ignoredMediaTypes } = endpoint;
  return {
    name: endpoint.name,
    url: endpoint.url,
    ...(Object.keys(endpoint.headers).length === 0 ? {} : { headers: { ...endpoint.headers } }),
    format,
    timeout: formatDuration(endpoint.timeoutMs),
    threshold: endpoint.threshold,
    backoff: formatDuration(endpoint.backoffMs),
    ...(endpoint.isDisabled ? { disabled: true } : {}),
    ...(caFile === null ? {} : { ca: caFile }),
    ...(secretFile === null ? {} : { secretFile }),
    ...(signatureHeader === SIGNATURE_HEADER ? {} : { signatureHeader }),
    kinds: [...endpoint.kinds],
    blobs: endpoint.wantsBlobs,
    ...(images.length === 0 ? {} : { images: [...images] }),
    ...(ignoredMediaTypes.length === 0 ? {} : { ignore: { mediaTypes: [...ignoredMediaTypes] } }),
  };
}

function shownOf(endpoint: NotificationEndpoint): Plain {
  const headers = Object.fromEntries(Object.keys(endpoint.headers).map((name) => [name, MASK]));
  return plainOf({ ...endpoint, url: showUrl(endpoint.url), headers });
}

function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
