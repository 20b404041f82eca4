import { describeOrigin, fullKey, type Given, type GivenSettings } from "./given-settings.ts";
import { formatListenAddress } from "./listen-address.ts";
import { SETTINGS, type SettingKey } from "./settings-table.ts";
import { parseUpstreamPattern } from "../../registry/names/image-rules.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import type { Settings, UpstreamSettings } from "./settings.ts";

/** The contradictions within one source (a file, the flags, the variables), each with its place. */
export function contradictionsWithin(layer: GivenSettings): readonly string[] {
  const problems: string[] = [];
  const pair = (cert: Given | undefined, key: Given | undefined) => {
    const one = cert ?? key;
    if (one === undefined || (cert !== undefined && key !== undefined)) return;
    problems.push(
      `${placeBefore(one)}${nameIn(layer, "tls.cert")} and ${nameIn(layer, "tls.key")} belong together; give both`,
    );
  };
  const [cert, key] = [layer.get("tls.cert"), layer.get("tls.key")];
  pair(cert, key);
  for (const own of ["tls.mode", "tls.constraints"] as const) {
    const given = layer.get(own);
    if (given === undefined || (cert ?? key) === undefined) continue;
    const files = nameIn(layer, cert === undefined ? "tls.key" : "tls.cert");
    problems.push(
      `${placeBefore(given)}${nameIn(layer, own)} is for larder's own authority, and contradicts ${files}; keep one of them`,
    );
  }
  for (const { key: name, host, origin } of layer.values()) {
    if (name !== "upstreams.HOST.passwordFile" || !layer.has(`upstreams.${host}.password`)) continue;
    problems.push(`${describeOrigin(origin)}: upstreams.${host} has both password and passwordFile; keep one`);
  }
  return problems;
}

/** What does not go together in what was said of upstream registries, from whatever source. */
function contradictionsOfUpstreams({ upstreams }: Settings, given: GivenSettings): readonly string[] {
  return upstreams.flatMap((upstream) => {
    const { namespace, clientCertFile, clientKeyFile } = upstream;
    const say = (key: SettingKey, what: string): readonly string[] => {
      const origin = given.get(fullKey(key, namespace))?.origin;
      return [`${origin === undefined ? "" : `${describeOrigin(origin)}: `}upstreams.${namespace} ${what}`];
    };
    const lacks = (key: "upstreams.HOST.clientCert" | "upstreams.HOST.clientKey", other: string) =>
      say(key, `has ${key.replace("upstreams.HOST.", "")} without ${other}; they belong together, give both`);
    const pairs =
      clientCertFile !== null && clientKeyFile === null
        ? lacks("upstreams.HOST.clientCert", "clientKey")
        : clientCertFile === null && clientKeyFile !== null
          ? lacks("upstreams.HOST.clientKey", "clientCert")
          : [];
    const trust =
      upstream.skipVerify && upstream.caFile !== null
        ? say(
            "upstreams.HOST.skipVerify",
            "has both ca and skipVerify: with an authority there is something to verify; keep one",
          )
        : [];
    return [...pairs, ...trust, ...strangePatterns(upstream)];
  });

  function strangePatterns({ namespace, allow, deny }: UpstreamSettings): readonly string[] {
    const lists = [
      ["allow", allow],
      ["deny", deny],
    ] as const;
    return lists.flatMap(([key, patterns]) =>
      patterns.flatMap((text) => {
        try {
          parseUpstreamPattern(namespace, text);
          return [];
        } catch (error) {
          const origin = given.get(fullKey(`upstreams.HOST.${key}`, namespace))?.origin;
          const place = origin === undefined ? "" : `${describeOrigin(origin)}: `;
          return [`${place}upstreams.${namespace}.${key}: ${describeFailure(error)}`];
        }
      }),
    );
  }
}

/** The contradictions between all settings that were given, whatever source they come from, each with its place. */
export function contradictionsOf(settings: Settings, given: GivenSettings): readonly string[] {
  const problems: string[] = [];
  const place = (key: SettingKey) => {
    const origin = given.get(key)?.origin;
    return origin?.kind === "file" ? `${describeOrigin(origin)}: ` : "";
  };
  const { http, https } = settings;
  if (http.length + https.length === 0) {
    problems.push(`${place("http")}there is no address to listen on; give --http ADDRESS or --https ADDRESS`);
  }
  const isFlag = [...given].some(([key, { origin }]) => key.startsWith("tls.") && origin.kind === "flag");
  if (isFlag && https.length === 0) {
    problems.push("a certificate is of use for HTTPS alone: give --https ADDRESS, such as --https :443");
  }
  if (settings.maxSizeBytes === 0) {
    problems.push(`${place("maxSize")}maxSize: with 0 nothing could be kept; leave it out for no limit`);
  }
  problems.push(...contradictionsOfUpstreams(settings, given));
  problems.push(...contradictionsOfAuth(settings, given));
  for (const key of ["auth.clientCrl", "auth.clientRequired"] as const) {
    if (!given.has(key) || settings.clientCertificates !== null) continue;
    problems.push(`${place(key)}${key} is of use with auth.clientCa (--client-ca) alone; give that, too`);
  }
  if (settings.clientCertificates !== null && https.length === 0) {
    problems.push(
      `${place("auth.clientCa")}clients show certificates over HTTPS alone: give --https ADDRESS, such as --https :443`,
    );
  }
  const seen = new Map<string, string>();
  for (const [key, addresses] of [
    ["http", http],
    ["https", https],
    ["debug", settings.debug],
  ] as const) {
    for (const address of addresses) {
      const text = formatListenAddress(address);
      const other = seen.get(text);
      if (other !== undefined && address.port !== 0)
        problems.push(`${place(key)}${key}: ${text} is listened on for ${other} already`);
      seen.set(text, key);
    }
  }
  return problems;
}

/** What the settings of people contradict, or name though it is not there. */
function contradictionsOfAuth({ auth, open }: Settings, given: GivenSettings): readonly string[] {
  if (auth === null) return [];
  const problems: string[] = [];
  const authKey = [...given.keys()].find((key) => key.startsWith("auth.")) ?? "";
  if (open) {
    const [one, other] = [given.get("open"), given.get(authKey)].filter((said) => said !== undefined);
    problems.push(
      `${one === undefined ? "" : placeBefore(one)}open lets everyone do everything, and contradicts ${authKey}${other === undefined ? "" : ` (${describeOrigin(other.origin)})`}; keep one of them`,
    );
  }
  const origin = given.get("auth.rules")?.origin;
  for (const [index, { subject, text }] of (auth.rules ?? []).entries()) {
    if (subject.kind !== "workload" || auth.providers.includes(subject.provider)) continue;
    const line = origin?.kind === "file" ? (origin.itemLines?.[index] ?? origin.line) : null;
    const place = origin?.kind === "file" ? `${origin.path}:${line}: ` : "";
    const known = auth.providers.length === 0 ? "" : `, ${auth.providers.join(", ")}`;
    problems.push(
      `${place}auth.rules: ${JSON.stringify(text.subject)} is nobody: before the colon there is one of token, certificate${known}; a provider has to be configured`,
    );
  }
  return problems;
}

/** Flags and variables are their own place. */
function placeBefore({ origin }: Given): string {
  return origin.kind === "file" ? `${describeOrigin(origin)}: ` : "";
}

/** What people call a setting where the others of the layer come from. */
function nameIn(layer: GivenSettings, key: "tls.cert" | "tls.key" | "tls.mode" | "tls.constraints"): string {
  const given = layer.get(key);
  if (given !== undefined && given.origin.kind !== "file") return describeOrigin(given.origin);
  const [any] = layer.values();
  const flag = /--[\w-]+/.exec(SETTINGS[key].flag ?? "")?.[0];
  return any?.origin.kind === "flag" && flag !== undefined ? flag : key;
}
