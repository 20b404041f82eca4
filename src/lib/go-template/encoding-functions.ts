/**
 * Formats, encodings, hashes, paths, dates and secrets in Helm's templates. Source: Sprig v3.3.0; Helm v3.18.
 *
 * What differs at every rendering (random text, keys, the time) is a fixed stand-in: no image depends on it.
 */
import { posix } from "node:path";
import { parse, stringify, type Tags } from "yaml";
import type { TemplateFunction } from "./evaluate-template.ts";
import {
  assertBounded,
  sortedKeys,
  TemplateError,
  type TemplateMap,
  type TemplateValue,
  toNumber,
  toText,
  Unresolved,
} from "./template-value.ts";

const PAIR: TemplateFunction = () =>
  new Map([
    ["Cert", "certificate"],
    ["Key", "key"],
  ]);
const RANDOM: TemplateFunction = ([count]) => "x".repeat(Math.min(Math.max(toNumber(count), 0), 10_000));
const EPOCH: TemplateFunction = () => "1970-01-01T00:00:00Z";

/** Functions by name. */
export const ENCODING_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  toYaml: ([value]) => toYaml(value ?? null),
  toYamlPretty: ([value]) => toYaml(value ?? null),
  fromYaml: ([text]) => asMap(readYaml(toText(text))),
  fromYamlArray: ([text]) => asList(readYaml(toText(text))),
  toJson: ([value]) => JSON.stringify(toJavaScript(value ?? null)),
  toRawJson: ([value]) => JSON.stringify(toJavaScript(value ?? null)),
  toPrettyJson: ([value]) => JSON.stringify(toJavaScript(value ?? null), null, 2),
  fromJson: ([text]) => readYaml(toText(text)),
  fromJsonArray: ([text]) => asList(readYaml(toText(text))),
  toToml: ([value]) => JSON.stringify(toJavaScript(value ?? null)),

  b64enc: ([text]) => Buffer.from(toText(text)).toString("base64"),
  b64dec: ([text]) => Buffer.from(toText(text), "base64").toString(),
  b32enc: ([text]) => toText(text),
  b32dec: ([text]) => toText(text),
  sha1sum: ([text]) => new Bun.CryptoHasher("sha1").update(toText(text)).digest("hex"),
  sha256sum: ([text]) => new Bun.CryptoHasher("sha256").update(toText(text)).digest("hex"),
  sha512sum: ([text]) => new Bun.CryptoHasher("sha512").update(toText(text)).digest("hex"),
  adler32sum: ([text]) => String(Bun.hash.adler32(toText(text))),

  base: ([path]) => posix.basename(toText(path)),
  dir: ([path]) => posix.dirname(toText(path)),
  ext: ([path]) => posix.extname(toText(path)),
  clean: ([path]) => posix.normalize(toText(path)),
  isAbs: ([path]) => posix.isAbsolute(toText(path)),
  osBase: ([path]) => posix.basename(toText(path)),
  osDir: ([path]) => posix.dirname(toText(path)),
  osExt: ([path]) => posix.extname(toText(path)),
  osClean: ([path]) => posix.normalize(toText(path)),
  urlParse: ([text]) => urlParts(toText(text)),
  urlJoin: ([parts]) => joinUrl(parts instanceof Map ? parts : new Map()),

  now: EPOCH,
  date: () => "1970-01-01",
  dateInZone: () => "1970-01-01",
  dateModify: EPOCH,
  date_modify: EPOCH,
  htmlDate: () => "1970-01-01",
  unixEpoch: () => "0",
  ago: () => "0s",
  duration: ([seconds]) => `${toNumber(seconds)}s`,
  durationRound: ([duration]) => toText(duration),
  toDate: EPOCH,
  randAlphaNum: RANDOM,
  randAlpha: RANDOM,
  randAscii: RANDOM,
  randNumeric: ([count]) => "1".repeat(Math.min(Math.max(toNumber(count), 0), 10_000)),
  randBytes: RANDOM,
  randInt: ([low]) => toNumber(low),
  shuffle: ([text]) => toText(text),
  uuidv4: () => "00000000-0000-4000-8000-000000000000",
  genPrivateKey: () => "key",
  genCA: PAIR,
  genCAWithKey: PAIR,
  genSelfSignedCert: PAIR,
  genSelfSignedCertWithKey: PAIR,
  genSignedCert: PAIR,
  genSignedCertWithKey: PAIR,
  buildCustomCert: PAIR,
  derivePassword: () => "password",
  htpasswd: ([user]) => `${toText(user)}:password`,
  bcrypt: () => "password",
  encryptAES: () => "encrypted",
  decryptAES: () => "",
  getHostByName: () => "",
};

/** YAML as `toYaml` prints it: keys sorted, no newline at the end. */
function toYaml(value: TemplateValue): string {
  const options = { indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false };
  // The lines of a string are indented even where it stands alone, which this library does only below a key.
  if (typeof value === "string") return stringify({ k: value }, options).slice("k: ".length).trimEnd();
  return stringify(toJavaScript(value), options).trimEnd();
}

/** Helm's parser reads YAML 1.1, `yes` and `on` as true for instance, but knows no dates and no numbers to the base 60. */
const HELM_YAML = {
  version: "1.1",
  customTags: (tags: Tags) =>
    tags.filter(
      (tag) => typeof tag === "string" || (!/timestamp|binary/.test(tag.tag) && !/TIME/.test(tag.format ?? "")),
    ),
  mapAsMap: true,
  uniqueKeys: false,
  logLevel: "silent",
} as const;

/** Reads one YAML document as template values; what is broken is unresolved. */
export function readYaml(text: string): TemplateValue {
  if (text.length > 4 * 1024 * 1024) throw new TemplateError("a text is too long to be read as YAML");
  try {
    return fromJavaScript(parse(text, HELM_YAML));
  } catch (cause) {
    return new Unresolved(
      `YAML that a template reads is broken: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}

function fromJavaScript(value: unknown): TemplateValue {
  if (Array.isArray(value)) return value.map(fromJavaScript);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [String(key), fromJavaScript(item)]));
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return typeof value === "bigint" || value instanceof Date ? value.toString() : null;
}

function toJavaScript(value: TemplateValue): unknown {
  assertBounded(value);
  const convert = (part: TemplateValue): unknown => {
    if (Array.isArray(part)) return part.map(convert);
    if (part instanceof Map) {
      const object = Object.create(null) as Record<string, unknown>;
      for (const key of sortedKeys(part)) object[key] = convert(part.get(key) ?? null);
      return object;
    }
    return part instanceof Unresolved || typeof part === "function" ? null : part;
  };
  return convert(value);
}

function asMap(value: TemplateValue): TemplateValue {
  return value instanceof Map || value instanceof Unresolved ? value : new Map();
}

function asList(value: TemplateValue): TemplateValue {
  return Array.isArray(value) || value instanceof Unresolved ? value : [];
}

function urlParts(text: string): TemplateMap {
  const url = URL.parse(text);
  return new Map([
    ["scheme", url?.protocol.replace(/:$/, "") ?? ""],
    ["host", url?.host ?? ""],
    ["hostname", url?.hostname ?? ""],
    ["path", url?.pathname ?? text],
    ["query", url?.search.slice(1) ?? ""],
    ["fragment", url?.hash.slice(1) ?? ""],
    ["userinfo", ""],
    ["opaque", ""],
  ]);
}

function joinUrl(parts: TemplateMap): string {
  const part = (name: string) => toText(parts.get(name));
  const scheme = part("scheme") === "" ? "" : `${part("scheme")}://`;
  const query = part("query") === "" ? "" : `?${part("query")}`;
  return `${scheme}${part("host")}${part("path")}${query}`;
}
