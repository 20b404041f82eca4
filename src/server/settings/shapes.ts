/** What the value of a setting can be: how it is read from a file and from a text, and how it is written. */
import * as v from "valibot";
import { formatByteSize, tryParseByteSize } from "../../lib/text/byte-size.ts";
import { formatDuration, tryParseDuration } from "../../lib/text/duration.ts";
import { formatIpNetwork, tryParseIpNetwork } from "../../lib/net/ip-network.ts";
import { parseImagePattern } from "../../oci/image-pattern.ts";
import { looksLikeHost, tryParseNamespace } from "../../oci/repository-name.ts";
import { tryParseStandIn } from "../../registry/names/stand-ins.ts";
import { formatListenAddress, tryParseListenAddress } from "./listen-address.ts";
import {
  formatTagLifetime,
  tryParseIpAddress,
  tryParseResolver,
  tryParseTagLifetime,
  tryParseUrl,
} from "./setting-values.ts";

/** A value as a YAML file holds it: text, a number, true or false, or a list of them. */
export type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain };

/** Formats a value for people: a list with commas between its items. */
export function printPlain(plain: Plain): string {
  if (Array.isArray(plain)) return (plain as readonly Plain[]).map(printPlain).join(", ");
  return typeof plain === "string" ? plain : JSON.stringify(plain);
}

/** The type of a setting's value: how it is checked, read from text and written. */
export type Shape<T> = {
  /** What may stand in a file. */
  readonly schema: v.GenericSchema<unknown, T>;
  /** Completes `"X" is not …`. */
  readonly expected: string;
  /** Completes `write …`. */
  readonly write: string;
  /** What a flag or a variable says by a text, for a list by one of its texts; null: nothing. */
  readonly fromText: (text: string) => T | null;
  readonly isList: boolean;
  /** Is the flag all that is said, without a value? */
  readonly isSwitch: boolean;
  /** As it would stand in a file. */
  readonly toPlain: (value: T) => Plain;
};

/** A text that `parse` understands, such as `expected` has it. */
export function textual<T>(parts: {
  readonly parse: (text: string) => T | null;
  readonly format: (value: T) => string;
  readonly expected: string;
  readonly write: string;
}): Shape<T> {
  const { parse, format, expected, write } = parts;
  return {
    schema: parsed(parse, expected),
    expected,
    write,
    fromText: parse,
    isList: false,
    isSwitch: false,
    toPlain: format,
  };
}

/** A list of values of one shape; a file may also hold a single value without a list. */
export function listOf<T>(item: Shape<T>): Shape<readonly T[]> {
  const schema = v.pipe(
    v.unknown(),
    v.transform((value) => (Array.isArray(value) ? value : [value])),
    v.array(item.schema),
  );
  const fromText = (text: string) => {
    const value = item.fromText(text);
    return value === null ? null : [value];
  };
  return { ...item, schema, fromText, isList: true, toPlain: (values) => values.map(item.toPlain) };
}

/** One of the given words. */
export function oneOf<const Word extends string>(words: readonly Word[]): Shape<Word> {
  const all = words.length === 1 ? `${words[0]}` : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return {
    schema: v.picklist(words, `must be ${all}`),
    expected: all,
    write: all,
    fromText: (text) => words.find((word) => word === text) ?? null,
    isList: false,
    isSwitch: false,
    toPlain: (word) => word,
  };
}

/** An address to listen on: `:5000`, `127.0.0.1:5000`, `[::1]:5000`. */
export const address = textual({
  parse: tryParseListenAddress,
  format: formatListenAddress,
  expected: "an address such as :80, 127.0.0.1:5000 or [::1]:5000",
  write: ":PORT, IPv4:PORT or [IPv6]:PORT, such as :80 or 127.0.0.1:5000",
});

/** A registry's host that larder stands in for, as `quay.io`. */
export const standIn = textual({
  parse: tryParseStandIn,
  format: String,
  expected: "the name of a registry's host",
  write: "the name of a registry's host, such as quay.io",
});

/** A registry's host, as `quay.io`. */
export const namespace = textual({
  parse: tryParseNamespace,
  format: String,
  expected: "the name of a registry's host",
  write: "the name of a registry's host, such as quay.io",
});

/** A duration with its unit, as `90s` or `24h`; milliseconds once it is read. */
export const duration = textual({
  parse: tryParseDuration,
  format: formatDuration,
  expected: "a duration such as 30s, 5m or 1h30m",
  write: "a duration such as 30s, 5m or 1h",
});

/** What a timer takes: more milliseconds than fit into 32 bits would be none at all. */
const LONGEST_TIMER_MS = 24 * 86_400_000;

function timed(leastMs: number) {
  const range = `${formatDuration(leastMs)} to ${formatDuration(LONGEST_TIMER_MS)}`;
  return textual({
    parse: (text) => {
      const ms = tryParseDuration(text);
      return ms !== null && ms >= leastMs && ms <= LONGEST_TIMER_MS ? ms : null;
    },
    format: formatDuration,
    expected: `a duration of ${range}, such as 5m`,
    write: `a duration of ${range}, such as 5m`,
  });
}

/** How long something is waited for. */
export const wait = timed(0);

/** How often something is done. */
export const interval = timed(1000);

/** A number of bytes with its unit, as `10GB` or `512MiB`. */
export const size = textual({
  parse: tryParseByteSize,
  format: formatByteSize,
  expected: "a size such as 500MB or 10GB",
  write: "a size such as 500MB or 10GB",
});

/** So many bytes a second, as `20MB/s`; the `/s` may be left out. */
export const rate = textual({
  parse: (text) => {
    const bytes = tryParseByteSize(text.replace(/\/s$/, ""));
    return bytes === null || bytes === 0 ? null : bytes;
  },
  format: (bytes) => `${formatByteSize(bytes)}/s`,
  expected: "a rate such as 20MB/s",
  write: "a rate such as 500kB/s or 20MB/s",
});

/** How often something is done that takes long; infinite: never. */
export const period = textual({
  parse: (text) => {
    const ms = text === "never" ? Number.POSITIVE_INFINITY : tryParseDuration(text);
    return ms === null || ms < 3_600_000 ? null : ms;
  },
  format: (ms) => (ms === Number.POSITIVE_INFINITY ? "never" : formatDuration(ms)),
  expected: "never, or a duration of 1h or more, such as 30d",
  write: "never, or a duration of 1h or more, such as 30d",
});

/** A size, or a share of a disk in percent, as `10GB` or `5%`. */
export const sizeOrShare = textual<{ readonly bytes: number } | { readonly share: number }>({
  parse: (given) => {
    const percent = /^(\d{1,2}(?:\.\d{1,3})?) ?%$/.exec(given);
    if (percent !== null) return { share: Number(percent[1]) / 100 };
    const bytes = tryParseByteSize(given);
    return bytes === null ? null : { bytes };
  },
  format: (value) => ("bytes" in value ? formatByteSize(value.bytes) : `${Number((value.share * 100).toFixed(3))}%`),
  expected: "a size such as 10GB, or a share below 100% such as 5%",
  write: "a size such as 10GB, or a share such as 5%",
});

/** How long a cached tag is current: a duration, `always` or `never`; see `tryParseTagLifetime`. */
export const tagLifetime = textual({
  parse: tryParseTagLifetime,
  format: formatTagLifetime,
  expected: "never, always, or a duration such as 5m",
  write: "never, always, or a duration such as 5m",
});

/** An age: a duration of at least 1s, or `never`. Infinity for never. */
export const age = textual({
  parse: (text) => {
    const ms = text === "never" ? Number.POSITIVE_INFINITY : tryParseDuration(text);
    return ms !== null && ms >= 1000 ? ms : null;
  },
  format: (ms) => (ms === Number.POSITIVE_INFINITY ? "never" : formatDuration(ms)),
  expected: "never, or a duration of 1s or more, such as 30d",
  write: "never, or a duration of 1s or more, such as 30d",
});

/** A registry's URL, without user, query and fragment. */
export const url = textual({
  parse: tryParseUrl,
  format: String,
  expected: "a URL such as https://registry.example or http://10.0.0.9:5000",
  write: "a URL such as https://registry.example or http://10.0.0.9:5000",
});

/** A DNS server by its IP address, with or without a port. */
export const resolver = textual({
  parse: tryParseResolver,
  format: String,
  expected: "the IP address of a DNS server, such as 9.9.9.9 or [2620:fe::9]:53",
  write: "an IP address, such as 9.9.9.9",
});

/** An IP address without a zone. */
export const ipAddress = textual({
  parse: tryParseIpAddress,
  format: String,
  expected: "an IP address such as 10.0.0.5 or fd00::5",
  write: "an IP address, such as 10.0.0.5",
});

/** An IP address, or a network in CIDR notation, as `10.0.0.0/8`. */
export const network = textual({
  parse: tryParseIpNetwork,
  format: formatIpNetwork,
  expected: "an IP address or network such as 127.0.0.2 or 10.0.0.0/8",
  write: "an IP address or network, such as 127.0.0.2 or 10.0.0.0/8",
});

/** A pattern for images, as `docker.io/library/*` or `team/**:v*`; see `oci/image-pattern.ts`. Kept as it is written. */
export const imagePattern = textual({
  parse: (text) => parsedPattern(text, (it) => parseImagePattern(it)),
  format: String,
  expected: "a pattern of images such as docker.io/library/* or team/**:v*",
  write: "a pattern of images, such as docker.io/library/* or team/**:v*",
});

/** The same for what comes from upstream: it names a registry, or a star for any. */
export const upstreamPattern = textual({
  parse: (text) => (isLocalPattern(text) ? null : parsedPattern(text, (it) => parseImagePattern(it))),
  format: String,
  expected: "a pattern of a registry's images such as docker.io/library/* or */team/**",
  write: "a pattern of a registry's images, such as docker.io/library/*, quay.io/** or */team/**",
});

/** The same among the rules of a registry, which need not stand in front. */
export const ownPattern = textual({
  parse: (text) =>
    parsedPattern(text, (it) =>
      looksLikeHost(it.split("/")[0] ?? "") ? parseImagePattern(it) : parseImagePattern(`registry.example/${it}`),
    ),
  format: String,
  expected: "a pattern of images such as library/* or team/**:v*",
  write: "a pattern of the registry's images, such as library/* or team/**:v*",
});

function parsedPattern(text: string, parse: (text: string) => unknown): string | null {
  try {
    parse(text);
    return text;
  } catch {
    return null; // `expected` says what it should be.
  }
}

function isLocalPattern(text: string): boolean {
  return (
    parsedPattern(text, (it) => parseImagePattern(it)) !== null && parseImagePattern(text).text.startsWith("local/")
  );
}

/** The same without what stands before the @ of a URL, which may be a password: messages go to the log. */
export function withoutUserInfo<T>(said: T): T | string {
  return typeof said === "string" ? said.replaceAll(/\/\/\S*@/g, "//…@") : said;
}

/** Any text that is not empty. */
export const text: Shape<string> = {
  schema: v.pipe(v.string("must be text"), v.minLength(1, "must not be empty")),
  expected: "text",
  write: "some text",
  fromText: (given) => given,
  isList: false,
  isSwitch: false,
  toPlain: (value) => value,
};

/** How many entries a page of a list has at most. */
export const pageSize: Shape<number> = {
  ...textual({
    parse: (given) => (/^[1-9]\d{0,5}$/.test(given) ? Number(given) : null),
    format: String,
    expected: "a number of entries, 1 to 999999",
    write: "a number of entries, such as 1000",
  }),
  toPlain: (count) => count,
};

/** The realm of a password, without quotes. */
export const realm = textual({
  parse: (given) => (/^[\x20\x21\x23-\x5B\x5D-\x7E]{1,100}$/.test(given) ? given : null),
  format: String,
  expected: "a realm: a short text without quotes",
  write: "a short text without quotes, such as registry.example",
});

/** `true` or `false`; flags and variables may also say `1`, `yes`, `on`, `0`, `no` or `off`. */
export const boolean: Shape<boolean> = {
  schema: v.boolean("must be true or false"),
  expected: "true or false",
  write: "true or false",
  fromText: (given) => {
    if (/^(?:true|1|yes|on)$/i.test(given)) return true;
    return /^(?:false|0|no|off)$/i.test(given) ? false : null;
  },
  isList: false,
  isSwitch: true,
  toPlain: (value) => value,
};

/** Text that `parse` must understand. Numbers are taken for text: an unquoted `5000` is as plain as `"5000"`. */
function parsed<T>(parse: (text: string) => T | null, expected: string): v.GenericSchema<unknown, T> {
  return v.pipe(
    v.union([v.string(), v.number()], `must be ${expected}`),
    v.rawTransform(({ dataset, addIssue, NEVER }): T => {
      const value = parse(String(dataset.value));
      if (value !== null) return value;
      addIssue({ message: `${JSON.stringify(withoutUserInfo(dataset.value))} is not ${expected}` });
      return NEVER;
    }),
  );
}
