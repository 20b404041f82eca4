import { nearestWord } from "../../lib/text/nearest-word.ts";
import { fullKey, type Given, type GivenSettings } from "./given-settings.ts";
import { SETTINGS, type Setting, type SettingKey, ROWS, variableOf } from "./settings-table.ts";
import { readTexts } from "./text-settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads larder's own variables: `LARDER_` and the key. Lists are separated by commas or blanks, the values of several
 * HOSTs by blanks. An empty variable counts as unset. Adds problems to `problems`.
 */
export async function ownVariables(environment: Environment, problems: string[]): Promise<GivenSettings> {
  const given = new Map<string, Given>();
  for (const [key, { shape, isFileOnly }] of ROWS) {
    if (isFileOnly) continue;
    const name = variableOf(key);
    const text = environment[name]?.trim();
    if (!text) continue;
    const isOfHosts = key.includes(".HOST.");
    const texts = isOfHosts ? text.split(/\s+/) : shape.isList ? text.split(/[\s,]+/).filter(Boolean) : [text];
    for (const one of await readTexts(key, texts, { kind: "variable", name }, problems)) {
      given.set(fullKey(one.key, one.host), one);
    }
  }
  return given;
}

/** Variables of larder's that say no setting. */
const OTHERS: ReadonlySet<string> = new Set(["LARDER_CONFIG", "LARDER_REGISTRY"]);

/**
 * Variables that look like one of larder's that was misspelt: `LARDER_GC_GRACES`. They are no mistake that a start fails
 * of: Kubernetes and others set variables with larder's name in front.
 */
export function misspeltVariables(
  environment: Environment,
): readonly { readonly name: string; readonly meant: string }[] {
  const rows = ROWS.filter(([, { isFileOnly }]) => !isFileOnly);
  const known = new Map(rows.map(([key]) => [variableOf(key).slice("LARDER_".length), variableOf(key)]));
  return Object.keys(environment).flatMap((name) => {
    const word = name.startsWith("LARDER_") ? name.slice("LARDER_".length) : "";
    if (word === "" || known.has(word) || OTHERS.has(name) || /^(?:PORT|SERVICE)(?:_|$)/.test(word)) return [];
    const nearest = nearestWord(word, [...known.keys()]);
    return nearest === null ? [] : [{ name, meant: known.get(nearest) ?? "" }];
  });
}

/**
 * Reads the variables of the image `registry:2` that mean the same here, so that larder can take its place. Adds
 * problems to `problems`. Source: distribution 2.8, "Configuring a registry".
 */
export function registryVariables(environment: Environment, problems: string[]): GivenSettings {
  const given = new Map<string, Given>();
  const say = (key: SettingKey, name: string, value: unknown) =>
    given.set(key, { key, host: null, value, origin: { kind: "variable", name } });
  const read = (key: SettingKey, name: string) => {
    const text = environment[name];
    if (!text) return null;
    const { shape } = SETTINGS[key] as Setting;
    const value = shape.fromText(text);
    if (value === null) problems.push(`${name}: ${JSON.stringify(text)} is not ${shape.expected}`);
    return value;
  };
  for (const [key, name] of [
    ["data", "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY"],
    ["delete", "REGISTRY_STORAGE_DELETE_ENABLED"],
  ] as const) {
    const value = read(key, name);
    if (value !== null) say(key, name, value);
  }
  // registry:2 listens at one address; with a certificate it speaks HTTPS there, and nothing else.
  const address = read("http", ADDRESS);
  const [certificate, privateKey] = [read("tls.cert", CERTIFICATE), read("tls.key", KEY)];
  if (certificate === null && privateKey === null) {
    if (address !== null) say("http", ADDRESS, address);
  } else if (certificate === null || privateKey === null) {
    const [one, other] = certificate === null ? [KEY, CERTIFICATE] : [CERTIFICATE, KEY];
    problems.push(`${one} needs ${other} beside it`);
  } else {
    say("http", CERTIFICATE, []);
    say("https", address === null ? CERTIFICATE : ADDRESS, address ?? SETTINGS.http.default);
    say("tls.cert", CERTIFICATE, certificate);
    say("tls.key", KEY, privateKey);
  }
  return given;
}

const ADDRESS = "REGISTRY_HTTP_ADDR";
const CERTIFICATE = "REGISTRY_HTTP_TLS_CERTIFICATE";
const KEY = "REGISTRY_HTTP_TLS_KEY";
