import type { Rule } from "../../access/rules/rule.ts";
import type { IpNetwork } from "../../lib/net/ip-network.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import { fullKey, type GivenSettings } from "./given-settings.ts";
import type { RetentionRule } from "../../registry/retention/retention-rule.ts";
import type { FixedFields } from "./field-shape.ts";
import type { AnswerHeaders } from "./header-shape.ts";
import type { NotificationSettings } from "../../registry/notifications/endpoint.ts";
import type { OidcSettings } from "./oidc-shape.ts";
import { formatListenAddress, type ListenAddress } from "./listen-address.ts";
import type { RequireSettings } from "./require-shape.ts";
import { type SettingKey, SETTINGS, type ValueOf } from "./settings-table.ts";

/** All settings of a server. Times are in milliseconds. */
export type Settings = {
  readonly http: readonly ListenAddress[];
  readonly https: readonly ListenAddress[];
  /** Where the certificate for HTTPS comes from. */
  readonly tls: TlsSettings;
  /** Where metrics and health are told to everybody. */
  readonly debug: readonly ListenAddress[];
  readonly tlsMinimum: "1.2" | "1.3";
  /** OpenSSL's names of TLS 1.2's cipher suites; none: the usual ones. */
  readonly tlsCiphers: readonly string[];
  /** By which clients reach larder; null: as each asks. */
  readonly publicUrl: string | null;
  readonly locations: "relative" | "absolute";
  /** What every answer carries. */
  readonly headers: AnswerHeaders;
  /** How many entries a page has at most, and how larder's own repositories are named in the catalog. */
  readonly lists: { readonly catalog: number; readonly tags: number; readonly bareNames: boolean };
  /** Where DNS is answered, over UDP and TCP. */
  readonly dns: readonly ListenAddress[];
  /** May everyone ask the DNS server, not only those who are near? */
  readonly dnsOpen: boolean;
  /** What DNS answers and spoofed nodes are given; none: the address of the interface that they came in on. */
  readonly addresses: readonly string[];
  readonly data: string;
  readonly standIns: readonly Namespace[];
  readonly unqualified: readonly Namespace[];
  readonly upstreams: readonly UpstreamSettings[];
  /** Patterns of what may come from upstream registries, what may not, and of tags that never change; see `ImageRules`. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly immutable: readonly string[];
  /** Is contacting upstream registries forbidden from the start? */
  readonly offline: boolean;
  /** DNS servers for the names of upstream registries; none: the machine's own resolution. */
  readonly resolvers: readonly string[];
  /** For how long a cached tag is taken for current, unless its upstream says otherwise. */
  readonly tagLifetimeMs: number;
  /** A Docker `config.json` with credentials for upstreams; null: where Docker and Podman keep theirs. */
  readonly credentials: string | null;
  /** Larder's own names: requests for them are not for another registry. */
  readonly names: readonly string[];
  /** Who may do what, where people are set up; null: nothing is said of that. */
  readonly auth: AuthSettings | null;
  /** The realm with which a user and a password are asked for; null: tokens are. */
  readonly basicRealm: string | null;
  /** May everyone who reaches larder write? */
  readonly open: boolean;
  /** Whose certificates prove who a client is; null: none are asked for. */
  readonly clientCertificates: ClientCertificateSettings | null;
  /** Issuers whose tokens prove who asks. */
  readonly oidc: readonly OidcSettings[];
  /** Which images need whose signatures. */
  readonly require: readonly RequireSettings[];
  /** Whom larder tells what happens. */
  readonly notifications: NotificationSettings;
  /** Which requests are traced, and who is told; null: nobody. */
  readonly tracing: TracingSettings | null;
  /** Proxies in front of larder whose word on their clients is taken. */
  readonly trustedProxies: readonly IpNetwork[];
  /** Are another registry's images in the data folder taken over? */
  readonly adopt: boolean;
  /** Is nothing taken that clients push or delete? */
  readonly readOnly: boolean;
  readonly deletes: boolean;
  /** A folder whose files are served below `/aci/` as they are; null: none. */
  readonly aciFiles: string | null;
  /** The armored private key that signs ACIs; null: larder's own. */
  readonly aciKey: string | null;
  /** Of converted ACIs so many bytes are kept, those used last. */
  readonly aciKeepBytes: number;
  readonly localAnswersForAll: boolean;
  /** May manifests be pushed whose blobs are not here? */
  readonly acceptSparse: boolean;
  /** The size of the data folder that is evicted for; null: there is no limit. */
  readonly maxSizeBytes: number | null;
  /** What of the disk stays free; null: what fits any disk. */
  readonly keepFree: { readonly bytes: number } | { readonly share: number } | null;
  readonly gcGraceMs: number;
  readonly gcIntervalMs: number;
  readonly uploadExpiryMs: number;
  /** How fast the background verification reads, in bytes a second. */
  readonly verifyRate: number;
  /** How long after its beginning the next pass of it begins; infinite: never. */
  readonly verifyEveryMs: number;
  /** When manifests go that a tag has left behind, by their kind; null: never. */
  readonly untaggedAges: { readonly pushed: number | null; readonly cached: number | null };
  /** Which pushed tags go by themselves. */
  readonly retentionRules: readonly RetentionRule[];
  /** For how long changed rules only say what they would remove. */
  readonly retentionWaitMs: number;
  /** How long open transfers may go on after SIGTERM. */
  readonly shutdownMs: number;
  readonly logLevel: "debug" | "info" | "warning" | "error";
  /** Is there a line for each request? */
  /** Is there a page for browsers at `/`? */
  readonly web: boolean;
  readonly accessLog: boolean;
  readonly logFields: FixedFields;
  /** Null: for people on a terminal, for programs elsewhere. */
  readonly logFormat: "human" | "json" | null;
};

/** What the settings say of people, and of what they may. */
type AuthSettings = {
  readonly htpasswd: string | null;
  /** Null: the usual ones. */
  readonly rules: readonly Rule[] | null;
  /** The issuers of workloads' tokens that are configured, by the names that rules give them. */
  readonly providers: readonly string[];
};

/** Whom traces are sent to, and which requests are traced. */
export type TracingSettings = {
  /** As `http://collector:4318/v1/traces`. */
  readonly endpoint: string;
  /** They may be secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** A file with more of them, `Name: value` a line; null: none. */
  readonly headersFile: string | null;
  /** The share of requests that begin a trace, 0 to 1. */
  readonly share: number;
  readonly followsClients: boolean;
  readonly perSecond: number;
  readonly serviceName: string;
  /** What else is said of this larder. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly isCompressed: boolean;
  /** A PEM file with authorities to trust besides the public ones. */
  readonly caFile: string | null;
  readonly clientCertFile: string | null;
  readonly clientKeyFile: string | null;
};

/** A certificate of larder's own authority, which may be limited to the hosts known when it is made; or one from files. */
export type TlsSettings =
  | { readonly mode: "auto"; readonly constraints: boolean }
  | { readonly mode: "files"; readonly certPath: string; readonly keyPath: string };

/** The files of the authorities and of their revocation lists. `isRequired`: is there no connection without a certificate? */
export type ClientCertificateSettings = {
  readonly caPath: string;
  readonly crlPath: string | null;
  readonly isRequired: boolean;
};

/** The settings of one upstream registry; where one is null or empty, the general setting counts. */
export type UpstreamSettings = {
  readonly namespace: Namespace;
  readonly endpoint: string | null;
  readonly mirrors: readonly string[];
  readonly username: string | null;
  readonly password: string | null;
  readonly passwordFile: string | null;
  readonly caFile: string | null;
  /** The files of the certificate that larder shows, and of its key. */
  readonly clientCertFile: string | null;
  readonly clientKeyFile: string | null;
  /** Is any certificate of its host taken? */
  readonly skipVerify: boolean;
  /** Is it told which trace a request belongs to? */
  readonly trace: boolean;
  /** Does it decide who may pull what of it, how long does its word count, and what counts while it cannot be asked? */
  readonly access: "upstream" | null;
  readonly accessOffline: "refuse" | "seen";
  readonly accessLifetimeMs: number;
  /** Patterns of what may come from it; none: what may come from any. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly tagLifetimeMs: number | null;
};

/** The settings of an upstream registry of which nothing was said. */
export function unsaidUpstream(namespace: Namespace): UpstreamSettings {
  return upstreamFrom(new Map(), namespace);
}

/** The settings with the given values, and with the defaults for the rest. */
export function settingsFrom(given: GivenSettings): Settings {
  const maybe = <Key extends SettingKey>(key: Key) =>
    (given.get(key)?.value ?? SETTINGS[key].default) as ValueOf<Key> | null;
  const value = <Key extends SettingKey>(key: Key): ValueOf<Key> => {
    const found = maybe(key);
    if (found === null) throw new TypeError(`${key} has no default`);
    return found;
  };
  const [certPath, keyPath] = [maybe("tls.cert"), maybe("tls.key")];
  return {
    ...listenersFrom(given, value("standardPorts"), value("http")),
    tls:
      certPath === null || keyPath === null
        ? { mode: "auto", constraints: value("tls.constraints") }
        : { mode: "files", certPath, keyPath },
    debug: value("debug"),
    tlsMinimum: value("tlsMinimum"),
    tlsCiphers: value("tlsCiphers"),
    publicUrl: maybe("publicUrl"),
    locations: value("locations"),
    headers: value("headers"),
    lists: { catalog: value("lists.catalog"), tags: value("lists.tags"), bareNames: value("lists.bareNames") },
    dnsOpen: value("dnsOpen"),
    addresses: value("addresses"),
    data: value("data"),
    standIns: value("standIn"),
    unqualified: value("unqualified"),
    upstreams: upstreamsFrom(given),
    allow: value("allow"),
    deny: value("deny"),
    immutable: value("immutable"),
    offline: value("offline"),
    resolvers: value("resolvers"),
    tagLifetimeMs: value("tags"),
    credentials: maybe("credentials"),
    names: value("names"),
    auth: authFrom(given),
    basicRealm: maybe("auth.basicRealm"),
    open: value("open"),
    clientCertificates: clientCertificatesFrom(
      maybe("auth.clientCa"),
      maybe("auth.clientCrl"),
      value("auth.clientRequired"),
    ),
    oidc: value("auth.oidc"),
    require: value("require"),
    notifications: {
      endpoints: value("notifications.endpoints"),
      includeReferences: value("notifications.includeReferences"),
    },
    tracing: tracingFrom(given),
    trustedProxies: value("trustedProxies"),
    adopt: value("adopt"),
    readOnly: value("readOnly"),
    deletes: value("delete"),
    aciFiles: maybe("aciFiles"),
    aciKey: maybe("aciKey"),
    aciKeepBytes: value("aciKeep"),
    localAnswersForAll: value("localAnswersForAll"),
    acceptSparse: value("sparse"),
    maxSizeBytes: maybe("maxSize"),
    keepFree: maybe("keepFree"),
    gcGraceMs: value("gc.grace"),
    gcIntervalMs: value("gc.every"),
    uploadExpiryMs: value("gc.uploads"),
    verifyRate: value("verify.rate"),
    verifyEveryMs: value("verify.every"),
    untaggedAges: { pushed: finiteOrNull(value("untagged.pushed")), cached: finiteOrNull(value("untagged.cached")) },
    retentionRules: value("retention.rules"),
    retentionWaitMs: value("retention.wait"),
    shutdownMs: value("shutdown"),
    logLevel: value("log"),
    web: value("web"),
    accessLog: value("accessLog"),
    logFields: value("logFields"),
    logFormat: maybe("logFormat"),
  };
}

/** An empty list says nothing. */
function authFrom(given: GivenSettings): AuthSettings | null {
  const said = <T>(key: SettingKey) => (given.get(key)?.value as T | undefined) ?? null;
  const htpasswd = said<string>("auth.htpasswd");
  const rules = said<readonly Rule[]>("auth.rules");
  const providers = (said<readonly OidcSettings[]>("auth.oidc") ?? []).map(({ name }) => name);
  const isUnsaid = htpasswd === null && rules === null && providers.length === 0 && !given.has("auth.clientCa");
  return isUnsaid ? null : { htpasswd, rules, providers };
}

function clientCertificatesFrom(
  caPath: string | null,
  crlPath: string | null,
  isRequired: boolean,
): ClientCertificateSettings | null {
  return caPath === null ? null : { caPath, crlPath, isRequired };
}

/** Plain HTTP is a default only while nothing else is listened on. */
function listenersFrom(given: GivenSettings, standardPorts: boolean, usual: readonly ListenAddress[]) {
  const said = (key: "http" | "https" | "dns") => given.get(key)?.value as readonly ListenAddress[] | undefined;
  const withPort = (addresses: readonly ListenAddress[] = [], port: number) =>
    standardPorts ? withoutRepetition([...addresses, { host: null, port }]) : addresses;
  const https = withPort(said("https"), 443);
  const isSilent = said("http") === undefined && !standardPorts && https.length === 0;
  return { http: isSilent ? usual : withPort(said("http"), 80), https, dns: withPort(said("dns"), 53) };
}

function withoutRepetition(addresses: readonly ListenAddress[]): readonly ListenAddress[] {
  return [...new Map(addresses.map((address) => [formatListenAddress(address), address])).values()];
}

function upstreamsFrom(given: GivenSettings): readonly UpstreamSettings[] {
  const hosts = new Set([...given.values()].map(({ host }) => host).filter((host) => host !== null));
  return [...hosts].map((host) => upstreamFrom(given, host));
}

function upstreamFrom(given: GivenSettings, host: Namespace): UpstreamSettings {
  const maybe = <Key extends SettingKey & `upstreams.HOST.${string}`>(key: Key) =>
    (given.get(fullKey(key, host))?.value ?? SETTINGS[key].default) as ValueOf<Key> | null;
  return {
    namespace: host,
    endpoint: maybe("upstreams.HOST.endpoint"),
    mirrors: maybe("upstreams.HOST.mirrors") ?? [],
    username: maybe("upstreams.HOST.username"),
    password: maybe("upstreams.HOST.password"),
    passwordFile: maybe("upstreams.HOST.passwordFile"),
    caFile: maybe("upstreams.HOST.ca"),
    clientCertFile: maybe("upstreams.HOST.clientCert"),
    clientKeyFile: maybe("upstreams.HOST.clientKey"),
    skipVerify: maybe("upstreams.HOST.skipVerify") ?? false,
    trace: maybe("upstreams.HOST.trace") ?? false,
    access: maybe("upstreams.HOST.access"),
    accessOffline: maybe("upstreams.HOST.accessOffline") ?? "refuse",
    accessLifetimeMs: maybe("upstreams.HOST.accessLifetime") ?? 300_000,
    allow: maybe("upstreams.HOST.allow") ?? [],
    deny: maybe("upstreams.HOST.deny") ?? [],
    tagLifetimeMs: maybe("upstreams.HOST.tags"),
  };
}

function tracingFrom(given: GivenSettings): TracingSettings | null {
  const maybe = <Key extends SettingKey & `tracing.${string}`>(key: Key) =>
    (given.get(key)?.value ?? SETTINGS[key].default) as ValueOf<Key> | null;
  const endpoint = maybe("tracing.endpoint");
  if (endpoint === null || maybe("tracing.enabled") === false) return null;
  return {
    endpoint,
    headers: maybe("tracing.headers") ?? {},
    headersFile: maybe("tracing.headersFile"),
    share: maybe("tracing.sample") ?? 1,
    followsClients: maybe("tracing.followClients") ?? true,
    perSecond: maybe("tracing.perSecond") ?? 100,
    serviceName: maybe("tracing.serviceName") ?? "larder",
    attributes: maybe("tracing.attributes") ?? {},
    timeoutMs: maybe("tracing.timeout") ?? 10_000,
    isCompressed: maybe("tracing.compression") !== "none",
    caFile: maybe("tracing.ca"),
    clientCertFile: maybe("tracing.clientCert"),
    clientKeyFile: maybe("tracing.clientKey"),
  };
}

function finiteOrNull(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}
