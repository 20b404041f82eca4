/**
 * `larder.yaml`: every flag has its key. What is wrong is told with the key and the line.
 */
import * as v from "valibot";
import { type Document, isMap, isNode, LineCounter, parseDocument } from "yaml";
import { tryParseByteSize } from "../../lib/text/byte-size.ts";
import { tryParseDuration } from "../../lib/text/duration.ts";
import { tryParseIpNetwork } from "../../lib/net/ip-network.ts";
import { tryParseNamespace } from "../../oci/repository-name.ts";
import { tryParseStandIn } from "../../registry/names/stand-ins.ts";
import { tryParseListenAddress } from "./listen-address.ts";
import type { GivenSettings, TlsSettings, UpstreamSettings } from "./settings.ts";
import { tryParseIpAddress, tryParseResolver, tryParseTagLifetime, tryParseUrl } from "./setting-values.ts";

/** A configuration file that cannot be used. The message begins with `FILE:LINE:`. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

const address = parsed(tryParseListenAddress, "an address such as :80, 127.0.0.1:5000 or [::1]:5000");
const standIn = parsed(tryParseStandIn, "the name of a registry's host");
const namespace = parsed(tryParseNamespace, "the name of a registry's host");
const duration = parsed(tryParseDuration, "a duration such as 30s, 5m or 1h30m");
const size = parsed(tryParseByteSize, "a size such as 500MB or 10GB");
const lifetime = parsed(tryParseTagLifetime, "never, always, or a duration such as 5m");
const url = parsed(tryParseUrl, "a URL such as https://registry.example or http://10.0.0.9:5000");
const resolver = parsed(tryParseResolver, "the IP address of a DNS server, such as 9.9.9.9 or [2620:fe::9]:53");
const ipAddress = parsed(tryParseIpAddress, "an IP address such as 10.0.0.5 or fd00::5");
const network = parsed(tryParseIpNetwork, "an IP address or network such as 127.0.0.2 or 10.0.0.0/8");
const flag = v.boolean("must be true or false");
const text = v.pipe(v.string("must be text"), v.minLength(1, "must not be empty"));

const upstream = v.strictObject({
  endpoint: v.optional(url),
  mirrors: v.optional(listOf(url)),
  username: v.optional(text),
  password: v.optional(text),
  passwordFile: v.optional(text),
  ca: v.optional(text),
  tags: v.optional(lifetime),
});

const tls = v.strictObject({
  mode: v.optional(v.picklist(["auto"], "must be auto")),
  constraints: v.optional(flag),
  cert: v.optional(text),
  key: v.optional(text),
});

const schema = v.strictObject({
  http: v.optional(listOf(address)),
  https: v.optional(listOf(address)),
  tls: v.optional(tls),
  dns: v.optional(listOf(address)),
  dnsOpen: v.optional(flag),
  standardPorts: v.optional(flag),
  addresses: v.optional(listOf(ipAddress)),
  data: v.optional(text),
  standIn: v.optional(listOf(standIn)),
  unqualified: v.optional(listOf(namespace)),
  upstreams: v.optional(v.record(v.string(), upstream)),
  offline: v.optional(flag),
  resolvers: v.optional(listOf(resolver)),
  tags: v.optional(lifetime),
  credentials: v.optional(text),
  names: v.optional(listOf(text)),
  open: v.optional(flag),
  trustedProxies: v.optional(listOf(network)),
  delete: v.optional(flag),
  aciFiles: v.optional(text),
  aciKey: v.optional(text),
  aciKeep: v.optional(size),
  localAnswersForAll: v.optional(flag),
  sparse: v.optional(flag),
  gc: v.optional(
    v.strictObject({
      grace: v.optional(duration),
      every: v.optional(duration),
      uploads: v.optional(duration),
    }),
  ),
  shutdown: v.optional(duration),
  log: v.optional(v.picklist(["debug", "info", "warning", "error"], "must be debug, info, warning or error")),
});

/** The settings that the text of a configuration file makes. Throws ConfigurationError; `path` is for its message. */
export function parseConfiguration(source: string, path: string): GivenSettings {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const [syntax] = document.errors;
  if (syntax !== undefined)
    throw new ConfigurationError(`${path}:${lines.linePos(syntax.pos[0]).line}: ${syntax.message}`);
  if (document.contents !== null && !isMap(document.contents)) {
    throw new ConfigurationError(`${path}:1: the file must be a list of keys and values`);
  }
  const result = v.safeParse(schema, document.toJS({ maxAliasCount: 100 }) ?? {});
  if (!result.success) throw new ConfigurationError(describe(result.issues[0], document, lines, path));
  const file = result.output;
  return defined({
    http: file.http,
    https: file.https,
    tls: file.tls && tlsOf(file.tls, `${path}:${lineOf(document, ["tls"], lines)}`),
    dns: file.dns,
    dnsOpen: file.dnsOpen,
    standardPorts: file.standardPorts,
    addresses: file.addresses,
    data: file.data,
    standIns: file.standIn,
    unqualified: file.unqualified,
    upstreams:
      file.upstreams &&
      Object.entries(file.upstreams).map(([host, given]) => upstreamOf(host, given, document, lines, path)),
    offline: file.offline,
    resolvers: file.resolvers,
    tagLifetimeMs: file.tags,
    credentials: file.credentials,
    names: file.names,
    open: file.open,
    trustedProxies: file.trustedProxies,
    deletes: file.delete,
    aciFiles: file.aciFiles,
    aciKey: file.aciKey,
    aciKeepBytes: file.aciKeep,
    localAnswersForAll: file.localAnswersForAll,
    acceptSparse: file.sparse,
    gcGraceMs: file.gc?.grace,
    gcIntervalMs: file.gc?.every,
    uploadExpiryMs: file.gc?.uploads,
    shutdownMs: file.shutdown,
    logLevel: file.log,
  } satisfies Undecided);
}

function tlsOf({ mode, constraints, cert, key }: v.InferOutput<typeof tls>, where: string): TlsSettings {
  if (cert === undefined && key === undefined) return { mode: "auto", constraints: constraints ?? false };
  if (cert === undefined || key === undefined) {
    throw new ConfigurationError(`${where}: tls.cert and tls.key belong together; one of them is missing`);
  }
  if (mode !== undefined || constraints !== undefined) {
    throw new ConfigurationError(
      `${where}: tls has files, and mode or constraints of larder's own authority; keep one of them`,
    );
  }
  return { mode: "files", certPath: cert, keyPath: key };
}

function upstreamOf(
  host: string,
  given: v.InferOutput<typeof upstream>,
  document: Document,
  lines: LineCounter,
  path: string,
): UpstreamSettings {
  const where = `${path}:${lineOf(document, ["upstreams", host], lines)}: upstreams.${host}`;
  const namespace = tryParseStandIn(host);
  if (namespace === null) throw new ConfigurationError(`${where} is not the name of a registry's host`);
  if (given.password !== undefined && given.passwordFile !== undefined) {
    throw new ConfigurationError(`${where} has both password and passwordFile; keep one`);
  }
  return {
    namespace,
    endpoint: given.endpoint ?? null,
    mirrors: given.mirrors ?? [],
    username: given.username ?? null,
    password: given.password ?? null,
    passwordFile: given.passwordFile ?? null,
    caFile: given.ca ?? null,
    tagLifetimeMs: given.tags ?? null,
  };
}

/** Text that `parse` must understand. Numbers are taken for text: an unquoted `5000` is as plain as `"5000"`. */
function parsed<T>(parse: (text: string) => T | null, expected: string) {
  return v.pipe(
    v.union([v.string(), v.number()], `must be ${expected}`),
    v.rawTransform(({ dataset, addIssue, NEVER }): T => {
      const value = parse(String(dataset.value));
      if (value !== null) return value;
      addIssue({ message: `${JSON.stringify(dataset.value)} is not ${expected}` });
      return NEVER;
    }),
  );
}

/** One, or a list of them. */
function listOf<Schema extends v.GenericSchema<unknown, unknown>>(item: Schema) {
  return v.pipe(
    v.unknown(),
    v.transform((value) => (Array.isArray(value) ? value : [value])),
    v.array(item),
  );
}

function describe(issue: v.BaseIssue<unknown>, document: Document, lines: LineCounter, path: string): string {
  const keys = (issue.path ?? []).map((item) => item.key as string | number);
  const key = keys.filter((part) => typeof part === "string").join(".");
  const where = `${path}:${lineOf(document, keys, lines)}`;
  if (issue.type !== "strict_object") return `${where}: ${key === "" ? "" : `${key}: `}${issue.message}`;
  if (issue.expected !== "never") return `${where}: ${key === "" ? "the file" : key} must be a list of keys and values`;
  const known = keys.length === 1 ? ` (there are: ${Object.keys(schema.entries).join(", ")})` : "";
  return `${where}: ${JSON.stringify(key)} is not a key of the configuration${known}`;
}

/** The line of the value at `keys`; for a key, of the key itself. Falls back to the nearest that has a line. */
function lineOf(document: Document, keys: readonly (string | number)[], lines: LineCounter): number {
  for (let length = keys.length; length > 0; length--) {
    const path = keys.slice(0, length);
    const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    const pairs = parent !== null && typeof parent === "object" && "items" in parent ? (parent.items as unknown[]) : [];
    for (const pair of pairs) {
      if (pair === null || typeof pair !== "object" || !("key" in pair) || !isNode(pair.key)) continue;
      if (String(pair.key) === String(path.at(-1)) && pair.key.range) return lines.linePos(pair.key.range[0]).line;
    }
    const node: unknown = document.getIn(path, true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

type Undecided = { [Key in keyof GivenSettings]?: GivenSettings[Key] | undefined };

/** Without the keys that were not given, so that the defaults show through. */
function defined(settings: Undecided): GivenSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
