/**
 * Everything that a server can be told, one row a setting: flags, variables, the keys of larder.yaml, `larder config` and
 * docs/configuration.md come from here. A new setting is a row here and a line in settings.ts.
 */
import type { Namespace } from "../../oci/repository-name.ts";
import { DOCKER_HUB } from "../../oci/repository-name.ts";
import { DEFAULT_STAND_INS } from "../../registry/names/stand-ins.ts";
import { fields } from "./field-shape.ts";
import { headers } from "./header-shape.ts";
import { oidcProviders } from "./oidc-shape.ts";
import { notificationEndpoints, shownEndpoints } from "./notification-shape.ts";
import { requiredSignatures } from "./require-shape.ts";
import { readStandIns } from "./read-stand-ins.ts";
import { otlpEndpoint, perSecond, share, traceAttributes, traceHeaders, shownHeaders } from "./tracing-shape.ts";
import { retentionRules } from "./retention-shape.ts";
import { rules } from "./rule-shape.ts";
import {
  address,
  age,
  duration,
  imagePattern,
  interval,
  ipAddress,
  listOf,
  namespace,
  network,
  oneOf,
  ownPattern,
  pageSize,
  period,
  type Plain,
  printPlain,
  rate,
  realm,
  resolver,
  type Shape,
  size,
  sizeOrShare,
  standIn,
  tagLifetime,
  text,
  boolean,
  upstreamPattern,
  url,
  wait,
} from "./shapes.ts";

/** A row of the table: one setting, its shape, its default and its help. */
export type Setting<T = unknown> = {
  readonly shape: Shape<T>;
  /** As commander takes it, such as `--http <address>`; null: there is none. One of a HOST's setting takes `HOST=VALUE`. */
  readonly flag: string | null;
  /** What it does. It continues "larder is told to …" or says what it is. */
  readonly help: string;
  /** Null: nothing. */
  readonly default: T | null;
  /** The default in words, where its value says too little. */
  readonly defaultWords: string | null;
  /** Why a change takes effect only with a restart; null: it does when the settings are read again. */
  readonly restart: string | null;
  /** Does a file alone say it, since a text would have to hold too much? */
  readonly isFileOnly: boolean;
  /** Must nobody see the value? */
  readonly isSecret: boolean;
  /** Its value for people, where parts of it must not be seen; null: as a file would have it. */
  readonly toShown: ((value: T) => Plain) | null;
  /** What a flag or a variable says by a text, where that is more than the shape knows. Throws an Error that says why not. */
  readonly readText: ((text: string) => Promise<T>) | null;
  /** Completes `write …` for flags and variables, in place of the shape's. */
  readonly write: string;
};

type Row<T> = Pick<Setting<T>, "shape" | "help"> & NoInfer<Partial<Setting<T>>>;

function row<T>(given: Row<T>): Setting<T> {
  const { write } = given.shape;
  return {
    flag: null,
    default: null,
    defaultWords: null,
    restart: null,
    isFileOnly: false,
    isSecret: false,
    toShown: null,
    readText: null,
    write,
    ...given,
  };
}

const LISTENERS = "listeners are opened at the start";
const AT_THE_START = "it is opened at the start";
const PERMISSION = "what strangers may do is decided at the start";

/**
 * The settings by their keys in larder.yaml, in the order of the help. A dot leads into a group; HOST is the name of a
 * registry.
 */
export const SETTINGS = {
  http: row({
    flag: "--http <address>",
    shape: listOf(address),
    help: "listen for plain HTTP on :PORT, IPv4:PORT or [IPv6]:PORT",
    default: [{ host: null, port: 5000 }],
    defaultWords: ":5000 when there is no --https",
    restart: LISTENERS,
  }),
  https: row({
    flag: "--https <address>",
    shape: listOf(address),
    help: "listen for HTTPS",
    default: [],
    restart: LISTENERS,
  }),
  "tls.mode": row({
    flag: "--tls <mode>",
    shape: oneOf(["auto"]),
    help: "auto: a certificate of larder's own authority, always current (larder ca)",
    defaultWords: "auto",
    write: "auto, or give the files with --tls-cert and --tls-key",
    restart: LISTENERS,
  }),
  "tls.cert": row({
    flag: "--tls-cert <file>",
    shape: text,
    help: "a certificate of your own, PEM; read again when it changes",
    restart: LISTENERS,
  }),
  "tls.key": row({ flag: "--tls-key <file>", shape: text, help: "and its key", restart: LISTENERS }),
  "tls.constraints": row({
    shape: boolean,
    help: "limit a new authority of larder's own to the hosts that are known when it is made",
    default: false,
    restart: LISTENERS,
  }),
  debug: row({
    shape: listOf(address),
    help: "answer /metrics, /healthz, /readyz and registry:2's /debug/health over plain HTTP there, to all who reach it, and nothing else",
    default: [],
    restart: LISTENERS,
  }),
  tlsMinimum: row({
    shape: oneOf(["1.2", "1.3"]),
    help: "the oldest version of TLS that clients may speak",
    default: "1.2",
    restart: LISTENERS,
  }),
  tlsCiphers: row({
    shape: listOf(text),
    help: "the cipher suites of TLS 1.2, by OpenSSL's names; those of 1.3 are always all",
    default: [],
    defaultWords: "those that are thought safe today",
    restart: LISTENERS,
  }),
  publicUrl: row({
    shape: url,
    help: "the URL that clients reach larder by, where a proxy in front does not pass it on: tokens are asked for there",
    defaultWords: "where each client asks",
  }),
  locations: row({
    shape: oneOf(["relative", "absolute"]),
    help: "how Location is written: relative is right behind any proxy; absolute is for clients that take nothing else",
    default: "relative",
  }),
  headers: row({
    shape: headers,
    isFileOnly: true,
    help: "headers that every answer carries; they win over larder's own for browsers",
    default: [],
  }),
  "lists.catalog": row({
    shape: pageSize,
    help: "how many repositories a page of the catalog has at most",
    default: 10_000,
  }),
  "lists.bareNames": row({
    shape: boolean,
    help: "the catalog names larder's own repositories without local/, as other registries do",
    default: false,
  }),
  "lists.tags": row({
    shape: pageSize,
    help: "how many tags a page of a repository's tags has at most",
    default: 10_000,
  }),
  dns: row({
    flag: "--dns <address>",
    shape: listOf(address),
    help: "answer DNS for the registries stood in for, and forward the rest",
    default: [],
    restart: LISTENERS,
  }),
  dnsOpen: row({
    flag: "--dns-open",
    shape: boolean,
    help: "answer DNS to everyone, not only to private addresses and this machine's networks",
    default: false,
    restart: PERMISSION,
  }),
  standardPorts: row({
    flag: "--standard-ports",
    shape: boolean,
    help: "--http :80, --https :443 and --dns :53 at once: all that spoofed names need",
    default: false,
    restart: LISTENERS,
  }),
  data: row({
    flag: "--data <folder>",
    shape: text,
    help: "where images are kept",
    default: "./larder-data",
    restart: AT_THE_START,
  }),
  adopt: row({
    flag: "--adopt",
    shape: boolean,
    help: "take over the images of a registry:2 or registry:3 whose folder is the data folder, once, while larder serves",
    default: false,
    restart: AT_THE_START,
  }),
  standIn: row({
    flag: "--stand-in <host|file>",
    shape: listOf(standIn),
    help: "a registry to stand in for; on the command line also a file with one a line. Replaces the default list",
    default: DEFAULT_STAND_INS,
    readText: readStandIns,
  }),
  unqualified: row({
    shape: listOf(namespace),
    help: "where names without a registry are looked for",
    default: [DOCKER_HUB] as readonly Namespace[],
  }),
  localAnswersForAll: row({
    shape: boolean,
    help: "a push under larder's own address answers for that path of every registry",
    default: true,
  }),
  "upstreams.HOST.endpoint": row({
    flag: "--upstream <host=url>",
    shape: url,
    help: "where a registry answers, when it is not https://HOST",
    write: "HOST=URL, such as registry.example=http://10.0.0.9:5000",
  }),
  "upstreams.HOST.mirrors": row({
    shape: listOf(url),
    help: "asked before the registry itself, in this order",
    default: [],
  }),
  "upstreams.HOST.username": row({ shape: text, help: "who larder is there" }),
  "upstreams.HOST.password": row({ shape: text, help: "and its password", isSecret: true }),
  "upstreams.HOST.passwordFile": row({
    shape: text,
    help: "a file with the password, in place of it; read again with the settings",
  }),
  "upstreams.HOST.ca": row({
    shape: text,
    help: "a PEM file with authorities to trust for it besides the public ones; read again with the settings",
  }),
  "upstreams.HOST.clientCert": row({
    shape: text,
    help: "a PEM file with the certificate that larder shows to it, and to no other host; read again with the settings",
  }),
  "upstreams.HOST.clientKey": row({ shape: text, help: "and its key" }),
  "upstreams.HOST.trace": row({
    shape: boolean,
    help: "tell its host which trace a request belongs to (traceparent), where it is traced; others are never told",
    default: false,
  }),
  "upstreams.HOST.skipVerify": row({
    shape: boolean,
    help: "take any certificate from its host: whoever is on the way can then be the registry, and hand out any image",
    default: false,
  }),
  "upstreams.HOST.allow": row({
    shape: listOf(ownPattern),
    help: "what alone may come from it, as patterns: library/**, grafana/*:11.*. In place of the general allow",
    default: [],
  }),
  "upstreams.HOST.deny": row({
    shape: listOf(ownPattern),
    help: "what may not come from it, nor be served though it came before; wins over allow",
    default: [],
  }),
  "upstreams.HOST.access": row({
    shape: oneOf(["upstream"]),
    help: "upstream: what comes from it is for those alone whom it lets pull it, by their own credentials (docs/private-images.md)",
    defaultWords: "what larder can pull is for all who may pull from larder",
  }),
  "upstreams.HOST.accessOffline": row({
    shape: oneOf(["refuse", "seen"]),
    help: "while it cannot be asked, with access: upstream. seen: who was let in within 30 days goes on; refuse: public images alone",
    default: "refuse",
  }),
  "upstreams.HOST.accessLifetime": row({
    shape: duration,
    help: "how long its word on somebody is taken, with access: upstream",
    default: 300_000,
  }),
  "upstreams.HOST.tags": row({ shape: tagLifetime, help: "as tags, for this registry alone" }),
  allow: row({
    shape: listOf(upstreamPattern),
    help: "what alone may come from upstream registries, as patterns: docker.io/library/**, quay.io/**",
    default: [],
    defaultWords: "everything",
  }),
  deny: row({
    shape: listOf(upstreamPattern),
    help: "what may not come from upstream registries, nor be served though it came before; wins over allow",
    default: [],
  }),
  immutable: row({
    shape: listOf(imagePattern),
    help: "tags that stay as they are once they are here, as patterns: team/**:v*, docker.io/library/*:*-slim",
    default: [],
  }),
  offline: row({
    flag: "--offline",
    shape: boolean,
    help: "never contact an upstream registry (also at run time: larder offline on)",
    default: false,
  }),
  resolvers: row({
    flag: "--resolver <address>",
    shape: listOf(resolver),
    help: "a DNS server for upstream names, past the hosts file of this machine",
    default: [],
  }),
  tags: row({
    flag: "--tags <lifetime>",
    shape: tagLifetime,
    help: "how long a cached tag is taken for current: never, always, or a duration",
    default: 300_000,
  }),
  credentials: row({
    flag: "--credentials <file>",
    shape: text,
    help: "a Docker config.json with credentials for upstreams",
    defaultWords: "Docker's and Podman's",
  }),
  names: row({ flag: "--name <host>", shape: listOf(text), help: "a name of this larder's own", default: [] }),
  addresses: row({
    flag: "--address <ip>",
    shape: listOf(ipAddress),
    help: "what DNS and spoofed nodes are told",
    default: [],
    defaultWords: "the address that they reach larder by",
  }),
  sparse: row({
    flag: "--sparse",
    shape: boolean,
    help: "take manifests whose blobs were not pushed: images that are meant to be sparse",
    default: false,
  }),
  "auth.htpasswd": row({
    shape: text,
    help: "a file with users and their passwords, of htpasswd -B; read again when it changes",
  }),
  "auth.basicRealm": row({
    shape: realm,
    help: "ask for a user and a password with this realm, not for a token: for clients that know no tokens. Docker pulls nothing without a login then",
  }),
  "auth.rules": row({
    shape: rules,
    isFileOnly: true,
    help: "who may do what; with any key of auth, or a user or token, rules count, for this machine, too (docs/access.md)",
    defaultWords: "anonymous may pull, users and certificates may pull and push",
  }),
  open: row({
    flag: "--open",
    shape: boolean,
    help: "let everyone who reaches larder push and delete, not only this machine",
    default: false,
    restart: PERMISSION,
  }),
  "auth.clientCa": row({
    flag: "--client-ca <file>",
    shape: text,
    help: "a PEM file with authorities: over HTTPS, a client's certificate of theirs proves who it is; read again when it changes",
    restart: LISTENERS,
  }),
  "auth.clientCrl": row({
    shape: text,
    help: "a PEM file with their revocation lists, one of each authority; read again when it changes",
    restart: LISTENERS,
  }),
  "auth.clientRequired": row({
    shape: boolean,
    help: "take no HTTPS connection without such a certificate, not even for what anybody may pull",
    default: false,
    restart: LISTENERS,
  }),
  "auth.oidc": row({
    shape: oidcProviders,
    help: "issuers whose tokens prove who asks, without a password: CI jobs, pods (docs/access.md)",
    default: [],
  }),
  require: row({
    shape: requiredSignatures,
    isFileOnly: true,
    help: "images that are served only with a signature, and whose: docs/signatures.md; files are read again with the settings",
    default: [],
  }),
  "notifications.endpoints": row({
    shape: notificationEndpoints,
    toShown: shownEndpoints,
    isFileOnly: true,
    help: "whom larder tells of pushes, deletions, pulls and more, as registry:2 does or in CloudEvents (docs/notifications.md)",
    default: [],
  }),
  "tracing.endpoint": row({
    shape: otlpEndpoint,
    help: "send traces of requests there, by OTLP over HTTP in JSON (docs/tracing.md); without a path /v1/traces is added",
  }),
  "tracing.enabled": row({ shape: boolean, help: "false: trace nothing, whatever else is said", default: true }),
  "tracing.sample": row({
    shape: share,
    help: "the share of requests that begin a trace",
    default: 1,
  }),
  "tracing.perSecond": row({
    shape: perSecond,
    help: "so many traces a second at most, and as many that clients ask for",
    default: 100,
  }),
  "tracing.followClients": row({
    shape: boolean,
    help: "a client's traceparent decides whether its request is traced; false: the share does for it, too",
    default: true,
  }),
  "tracing.headers": row({
    shape: traceHeaders,
    toShown: shownHeaders,
    isFileOnly: true,
    help: "headers to send along, such as { Authorization: Bearer … }",
    default: {},
  }),
  "tracing.headersFile": row({ shape: text, help: "a file with such headers, a line each: Name: value" }),
  "tracing.serviceName": row({ shape: text, help: "what larder is called in traces", default: "larder" }),
  "tracing.attributes": row({
    shape: traceAttributes,
    isFileOnly: true,
    help: "what else is said of this larder, such as { deployment.environment.name: production }",
    default: {},
  }),
  "tracing.timeout": row({ shape: interval, help: "how long one attempt to send may take", default: 10_000 }),
  "tracing.compression": row({ shape: oneOf(["gzip", "none"]), help: "how traces are sent", default: "gzip" }),
  "tracing.ca": row({ shape: text, help: "a PEM file with authorities to trust besides the public ones" }),
  "tracing.clientCert": row({ shape: text, help: "a certificate to show there, PEM" }),
  "tracing.clientKey": row({ shape: text, help: "and its key" }),
  "notifications.includeReferences": row({
    shape: boolean,
    help: "a notification of a manifest lists what that names",
    default: false,
  }),
  trustedProxies: row({
    flag: "--trusted-proxy <address|network>",
    shape: listOf(network),
    help: "a proxy in front of larder, such as 127.0.0.2: whom it forwards for counts as who asks",
    default: [],
  }),
  readOnly: row({
    flag: "--read-only",
    shape: boolean,
    help: "take no pushes and no deletions; pulls go on, and what they bring from upstream is kept",
    default: false,
  }),
  delete: row({ shape: boolean, help: "may images be deleted?", default: true, restart: PERMISSION }),
  "gc.grace": row({
    flag: "--gc-grace <duration>",
    shape: duration,
    help: "how long blobs of a push in flight stay without their manifest",
    default: 3_600_000,
  }),
  "gc.every": row({
    shape: interval,
    help: "how often space is given back",
    default: 600_000,
    restart: "its clock is set at the start",
  }),
  "gc.uploads": row({ shape: duration, help: "when a silent upload is given up", default: 86_400_000 }),
  "verify.rate": row({
    flag: "--verify-rate <rate>",
    shape: rate,
    help: "how fast all blobs are read and compared with their digests, over and over, in the background",
    default: 20e6,
  }),
  "verify.every": row({
    flag: "--verify-every <duration>",
    shape: period,
    help: "how long after its beginning the next such pass over all blobs begins; never: larder verify alone does it",
    default: 30 * 86_400_000,
  }),
  "untagged.pushed": row({
    shape: age,
    help: "when a pushed manifest goes that a tag has left behind and nobody has pulled since",
    default: 30 * 86_400_000,
  }),
  "untagged.cached": row({
    shape: age,
    help: "the same for a cached one, which is fetched anew when somebody wants it",
    default: 7 * 86_400_000,
  }),
  "retention.rules": row({
    shape: retentionRules,
    help: "which pushed tags go by themselves (docs/space.md)",
    default: [],
  }),
  "retention.wait": row({
    shape: duration,
    help: "for how long rules that were changed only say what they would remove",
    default: 86_400_000,
  }),
  maxSize: row({
    flag: "--max-size <size>",
    shape: size,
    help: "how large the data folder may get: cached images that were pulled longest ago are evicted before it is. Pushed ones may take more",
    defaultWords: "no limit",
  }),
  keepFree: row({
    flag: "--keep-free <size|percent>",
    shape: sizeOrShare,
    help: "how much of the disk stays free: cached images are evicted for it in the same way. 0: all of it may be used",
    defaultWords: "1GB, on disks below 20GB 5%",
  }),
  aciFiles: row({
    flag: "--aci-files <folder>",
    shape: text,
    help: "serve the files in it at /aci/ as they are, beside converted images",
    restart: AT_THE_START,
  }),
  aciKey: row({
    flag: "--aci-key <file>",
    shape: text,
    help: "sign ACIs with this armored private key",
    defaultWords: "larder's own",
    restart: AT_THE_START,
  }),
  aciKeep: row({
    flag: "--aci-keep <size>",
    shape: size,
    help: "keep so much of converted ACIs, those used last",
    default: 10e9,
  }),
  shutdown: row({ shape: wait, help: "how long open transfers may go on after SIGTERM", default: 30_000 }),
  log: row({
    flag: "--log-level <level>",
    shape: oneOf(["debug", "info", "warning", "error"]),
    help: "how much the log says: debug, info, warning or error",
    default: "info",
  }),
  web: row({
    flag: "--no-web",
    shape: boolean,
    help: "answer no page for browsers at /",
    default: true,
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

/** A key of the table of settings. */
export type SettingKey = keyof typeof SETTINGS;

/** The type of a setting's value; null when nothing was given and there is no default. */
export type ValueOf<Key extends SettingKey> = (typeof SETTINGS)[Key] extends Setting<infer T> ? T : never;

/** The table's rows, in its order. */
export const ROWS: readonly (readonly [SettingKey, Setting])[] = Object.entries(
  SETTINGS,
) as unknown as readonly (readonly [SettingKey, Setting])[];

/**
 * Groups that are taken from one source as a whole: a certificate's file from here does not go with a key from there.
 */
export const WHOLE_GROUPS: readonly string[] = ["tls."];

/** The variable of a setting: `LARDER_GC_GRACE` of `gc.grace`. Those that a file alone says have none. */
export function variableOf(key: SettingKey): string {
  const words = key
    .replace(".HOST.", ".")
    .replaceAll(/([A-Z])|\./g, (_, capital: string | undefined) => `_${capital ?? ""}`);
  return `LARDER_${words.toUpperCase()}`;
}

/** A setting's default for people; null when there is none worth printing. */
export function defaultWordsOf(setting: Setting): string | null {
  if (setting.defaultWords !== null) return setting.defaultWords;
  if (setting.default === null) return null;
  return printPlain(setting.shape.toPlain(setting.default)) || null;
}
