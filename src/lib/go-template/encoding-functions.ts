/** Formats, encodings and hashes in Helm's templates. Source: Sprig v3.3.0; Helm v3.22 and v4.3, pkg/engine. */
import { textArgument } from "./cast-value.ts";
import type { TemplateFunction, TemplateRun } from "./template-run.ts";
import { printJson } from "./print-json.ts";
import { printToml } from "./print-toml.ts";
import { printYaml } from "./print-yaml.ts";
import { BrokenText, fromJavaScript, readJson, readYamlText } from "./read-yaml.ts";
import type { TemplateMap, TemplateValue } from "./template-value.ts";

const hash =
  (algorithm: "sha1" | "sha256" | "sha512"): TemplateFunction =>
  ([text]) =>
    new Bun.CryptoHasher(algorithm).update(textArgument(text)).digest("hex");

/** Functions by name. */
export const ENCODING_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  toYaml: ([value]) => printYaml(value ?? null),
  toYamlPretty: ([value]) => printYaml(value ?? null, { indentsLists: true }),
  fromYaml: ([text], run) => mapFrom(() => readYamlText(charged(text, run))),
  fromYamlArray: ([text], run) => listFrom(() => readYamlText(charged(text, run))),
  toJson: ([value]) => printJson(value ?? null, { escapesHtml: true }),
  toRawJson: ([value]) => printJson(value ?? null),
  toPrettyJson: ([value]) => printJson(value ?? null, { escapesHtml: true, indent: 2 }),
  fromJson: ([text], run) => mapFrom(() => readJson(charged(text, run))),
  fromJsonArray: ([text], run) => listFrom(() => readJson(charged(text, run))),
  mustFromJson: ([text], run) => readJson(charged(text, run)),
  toToml: ([value]) => printToml(value ?? null),
  fromToml: ([text], run) => mapFrom(() => readToml(charged(text, run))),

  b64enc: ([text]) => Buffer.from(textArgument(text)).toString("base64"),
  b64dec: ([text]) => decodeBase64(textArgument(text)),
  b32enc: ([text]) => encodeBase32(Buffer.from(textArgument(text))),
  b32dec: ([text]) => decodeBase32(textArgument(text)),
  sha1sum: hash("sha1"),
  sha256sum: hash("sha256"),
  sha512sum: hash("sha512"),
  adler32sum: ([text]) => String(Bun.hash.adler32(textArgument(text))),
};

/** Parsing takes hundreds of times as long as other steps. */
function charged(text: TemplateValue | undefined, run: TemplateRun): string {
  const source = textArgument(text);
  run.charge(200 + source.length / 8);
  return source;
}

/** Helm hands back what went wrong in place of what was asked for. */
function mapFrom(read: () => TemplateValue): TemplateMap {
  try {
    const value = read();
    if (value === null) return new Map();
    if (value instanceof Map) return value;
    throw new BrokenText("the text holds no dictionary");
  } catch (error) {
    if (error instanceof BrokenText) return new Map([["Error", error.message]]);
    throw error;
  }
}

function listFrom(read: () => TemplateValue): TemplateValue[] {
  try {
    const value = read();
    if (value === null) return [];
    if (Array.isArray(value)) return value;
    throw new BrokenText("the text holds no list");
  } catch (error) {
    if (error instanceof BrokenText) return [error.message];
    throw error;
  }
}

function readToml(text: string): TemplateValue {
  try {
    return fromJavaScript(Bun.TOML.parse(text));
  } catch (error) {
    throw new BrokenText(`toml: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function decodeBase64(text: string): string {
  const plain = text.replace(/[\r\n]/g, "");
  const wrong =
    /[^A-Za-z0-9+/]/.exec(plain.replace(/={0,2}$/, ""))?.index ??
    (plain.length % 4 === 0 ? -1 : plain.length - (plain.length % 4));
  return wrong < 0 ? Buffer.from(plain, "base64").toString() : `illegal base64 data at input byte ${wrong}`;
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function encodeBase32(bytes: Buffer): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const digits = bits.match(/.{1,5}/g) ?? [];
  const text = digits.map((digit) => BASE32[Number.parseInt(digit.padEnd(5, "0"), 2)]).join("");
  return text.padEnd(Math.ceil(text.length / 8) * 8, "=");
}

function decodeBase32(text: string): string {
  const digits = Array.from(text.replace(/=+$/, ""), (char) => BASE32.indexOf(char));
  const wrong = digits.indexOf(-1);
  if (wrong >= 0) return `illegal base32 data at input byte ${wrong}`;
  const bits = digits.map((digit) => digit.toString(2).padStart(5, "0")).join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))).toString();
}
