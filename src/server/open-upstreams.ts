import { ExpiringMap } from "../lib/async/expiring-map.ts";
import type { Clock } from "../lib/async/clock.ts";
import { tryParseIpAddress } from "../lib/net/ip-address.ts";
import { type Namespace, tryParseNamespace } from "../oci/repository-name.ts";
import { cautionsOf } from "../registry/pull/upstream-cautions.ts";
import type { Upstream, Upstreams } from "../registry/pull/upstreams.ts";
import type { Log } from "../telemetry/log.ts";
import {
  type Credentials,
  type CredentialSource,
  firstCredentials,
  fixedCredentials,
} from "../upstream/auth/credentials.ts";
import { credentialFiles, dockerConfigCredentials } from "../upstream/auth/docker-config.ts";
import { dnsResolver, type HostResolver, systemResolver } from "../upstream/transport/host-resolver.ts";
import { defaultEndpoint, openRegistry } from "../upstream/open-registry.ts";
import { type ClientCertificate, readClientCertificate } from "../upstream/transport/client-certificate.ts";
import { proxyFromEnvironment } from "../upstream/transport/proxy-settings.ts";
import { RequestBudget, requestLimit } from "../upstream/transport/request-lanes.ts";
import type { RegistryClient } from "../upstream/registry-client.ts";
import type { UpstreamEvent } from "../upstream/upstream-event.ts";
import { ConfigurationError } from "./settings/configuration-error.ts";
import { readSettingFile } from "./settings/read-setting-file.ts";
import { formatListenAddress } from "./settings/listen-address.ts";
import { type Settings, unsaidUpstream, type UpstreamSettings } from "./settings/settings.ts";
import { VERSION } from "../telemetry/version.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/** What clients of upstream registries need from the process. */
export type UpstreamEnvironment = {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly instanceId: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Which registries are fetched from, and whether at all. */
  readonly upstreams: Upstreams;
  /** The credentials of clients that a key stands for, for a registry that may be shown them; null: they are not known. */
  readonly foreign: (key: string, namespace: Namespace) => Credentials | null;
  /** Gives what else is told of the events of a registry, whose servers are at these URLs. */
  readonly observerOf: (namespace: Namespace, urls: readonly string[]) => (event: UpstreamEvent) => void;
};

/** What is configured of one upstream, with the content of the files that it names. */
type UpstreamSetup = UpstreamSettings & {
  readonly tls: TlsSetup;
  /** The TLS of each mirror, in their order. */
  readonly mirrorTls: readonly TlsSetup[];
  readonly filePassword: string | null;
  readonly resolvers: readonly string[];
  readonly credentials: string | null;
};

type TlsSetup = {
  readonly caPem: string | null;
  readonly clientCertificate: ClientCertificate | null;
  readonly isUnverified: boolean;
  readonly passesTraceOn: boolean;
};

/** Clients with the credentials of others stay so long, and so many of them: they hold tokens. */
const CLIENT_MS = 30 * 60_000;
const CLIENTS = 256;

/**
 * Opens clients for the registries that larder stands in for, as they are configured. After a reload, a registry whose
 * settings and files have not changed keeps its client, with its tokens and what is known of its servers. Downloads in
 * flight end with the client that they began with.
 */
export class UpstreamOpener {
  readonly #environment: UpstreamEnvironment;
  readonly #budget: RequestBudget;
  #resolver: { readonly of: string; readonly resolver: HostResolver } | null = null;
  #open: ReadonlyMap<Namespace, { readonly setup: string; readonly client: RegistryClient }> = new Map();

  constructor(environment: UpstreamEnvironment) {
    this.#environment = environment;
    this.#budget = new RequestBudget(requestLimit(environment.variables));
  }

  /**
   * Reads the files that the settings name. What it returns makes the registries those that are fetched from, at once and
   * without failing, and returns the ones that got another client. Throws ConfigurationError, and has changed nothing then.
   */
  async prepare(settings: Settings): Promise<() => readonly Namespace[]> {
    const setups = await Promise.all(standInsOf(settings).map((namespace) => setupOf(namespace, settings)));
    const opened = new Map(
      setups.map((setup) => {
        const known = this.#open.get(setup.namespace);
        // How long its tags are current is not its client's business.
        const text = JSON.stringify({ ...setup, tagLifetimeMs: null });
        const client = known?.setup === text ? known.client : this.#openClient(setup);
        return [setup.namespace, { setup: text, client }] as const;
      }),
    );
    const upstreams = setups.map((setup): Upstream => {
      const { namespace, tagLifetimeMs, tls, access } = setup;
      const client = opened.get(namespace)?.client as RegistryClient;
      const clientOf = access === null ? null : this.#clientsOf(setup);
      const { clientCertificate, isUnverified } = tls;
      const lifetimeMs = tagLifetimeMs ?? settings.tagLifetimeMs;
      return { namespace, client, tagLifetimeMs: lifetimeMs, clientCertificate, isUnverified, clientOf };
    });
    return () => {
      const before = this.#open;
      this.#open = opened;
      this.#environment.upstreams.replace(upstreams);
      this.#warn(upstreams);
      this.#warnOfPasswords(settings);
      return [...opened].filter(([name, { client }]) => before.get(name)?.client !== client).map(([name]) => name);
    };
  }

  /** Clients with other credentials than larder's. They ask the registry itself: a mirror's word on people is none. */
  #clientsOf(setup: UpstreamSetup): Upstream["clientOf"] {
    const { foreign, clock } = this.#environment;
    const { namespace } = setup;
    const clients = new ExpiringMap<string, RegistryClient>(CLIENT_MS, CLIENTS, clock.elapsed);
    return (key, isFresh) => {
      const credentials = key === null ? null : foreign(key, namespace);
      if (key !== null && credentials === null) return null;
      // What everybody may have mirrors may give, but they do not say who everybody is.
      const isForAll = key === null && !isFresh;
      const id = key ?? (isForAll ? "everybody" : "nobody");
      const known = clients.get(id);
      if (known !== null && !isFresh) return known;
      const source: CredentialSource = {
        find: (registry) => Promise.resolve(registry === namespace ? credentials : null),
      };
      const own = isForAll ? setup : { ...setup, mirrors: [], mirrorTls: [] };
      const client = this.#connect(own, source, null);
      clients.set(id, client);
      return client;
    };
  }

  /** At every start and reload: what is unsafe must not be forgotten. */
  #warn(upstreams: readonly Upstream[]): void {
    const { log, clock } = this.#environment;
    for (const upstream of upstreams) {
      for (const caution of cautionsOf(upstream, clock.now())) {
        log.write("warning", caution, { namespace: upstream.namespace });
      }
    }
  }

  /** What clients show for a registry that decides who may pull is a password of theirs. */
  #warnOfPasswords({ upstreams, http }: Settings): void {
    const guarded = upstreams.filter(({ access }) => access === "upstream").map(({ namespace }) => namespace);
    const open = http.filter(({ host }) => tryParseIpAddress(host ?? "")?.range() !== "loopback");
    if (guarded.length === 0 || open.length === 0) return;
    const [message, addresses] = [
      "clients send their passwords for upstream registries (access: upstream) to larder, and over plain HTTP everybody on the way reads them: give it HTTPS alone",
      open.map(formatListenAddress).join(" "),
    ];
    this.#environment.log.write("warning", message, { upstreams: guarded.join(" "), http: addresses });
  }

  #openClient(setup: UpstreamSetup): RegistryClient {
    const { variables, upstreams } = this.#environment;
    const files = setup.credentials === null ? credentialFiles(variables) : [setup.credentials];
    const shared = files.map((path) => dockerConfigCredentials(path, variables));
    const own = ownCredentials(setup);
    const source = firstCredentials(own === null ? shared : [own, ...shared]);
    // One that has been replaced asks nobody any more of its own accord.
    const client: RegistryClient = this.#connect(
      setup,
      source,
      () => upstreams.find(setup.namespace)?.client === client,
    );
    return client;
  }

  #connect(setup: UpstreamSetup, credentials: CredentialSource, mayProbe: (() => boolean) | null): RegistryClient {
    const { namespace } = setup;
    const { clock, variables, instanceId, log, observerOf } = this.#environment;
    const { url } = setup.endpoint === null ? defaultEndpoint(namespace) : { url: setup.endpoint };
    const count = observerOf(namespace, [url, ...setup.mirrors]);
    return openRegistry({
      namespace,
      endpoint: { url, ...endpointTls(setup.tls) },
      mirrors: setup.mirrors.map((mirror, index) => ({
        url: mirror,
        sendNamespace: true,
        ...endpointTls(setup.mirrorTls[index] ?? NO_TLS),
      })),
      credentials,
      budget: this.#budget,
      resolver: this.#resolverOf(setup.resolvers),
      chooseProxy: proxyFromEnvironment(variables),
      instanceId,
      userAgent: `larder/${VERSION}`,
      clock,
      ...(mayProbe === null ? {} : { mayProbe }),
      observe: (event) => {
        count(event);
        logEvent(log, namespace, event);
      },
    });
  }

  /** One for all, so that they share what it remembers. */
  #resolverOf(resolvers: readonly string[]): HostResolver {
    const { elapsed } = this.#environment.clock;
    const of = resolvers.join();
    if (this.#resolver?.of !== of) {
      const resolver = resolvers.length === 0 ? systemResolver(elapsed) : dnsResolver(resolvers, elapsed);
      this.#resolver = { of, resolver };
    }
    return this.#resolver.resolver;
  }
}

/** The registries that larder stands in for: those of the setting, and every one that is configured as an upstream. */
export function standInsOf(settings: Settings): readonly Namespace[] {
  return [...new Set([...settings.standIns, ...settings.upstreams.map((upstream) => upstream.namespace)])];
}

async function setupOf(namespace: Namespace, settings: Settings): Promise<UpstreamSetup> {
  const { resolvers, credentials } = settings;
  const given = settingsOf(namespace, settings) ?? unsaidUpstream(namespace);
  const { passwordFile } = given;
  const tls = await tlsOf(given);
  const mirrorTls = await Promise.all(given.mirrors.map((mirror) => mirrorTlsOf(mirror, tls, settings)));
  const filePassword = passwordFile === null ? null : await readSetting(namespace, "passwordFile", passwordFile);
  return { ...given, resolvers, credentials, tls, mirrorTls, filePassword };
}

function settingsOf(namespace: Namespace | null, settings: Settings): UpstreamSettings | null {
  return settings.upstreams.find((upstream) => upstream.namespace === namespace) ?? null;
}

const NO_TLS: TlsSetup = { caPem: null, clientCertificate: null, isUnverified: false, passesTraceOn: false };

async function tlsOf({ namespace, caFile, clientCertFile, clientKeyFile, skipVerify, trace }: UpstreamSettings) {
  const read = (key: string, path: string | null) => (path === null ? null : readSetting(namespace, key, path));
  const caPem = await read("ca", caFile);
  const cert = await read("clientCert", clientCertFile);
  const key = await read("clientKey", clientKeyFile);
  const tls = { ...NO_TLS, caPem, isUnverified: skipVerify, passesTraceOn: trace };
  if (cert === null || key === null) return tls;
  try {
    const files = [
      { text: cert, path: clientCertFile ?? "" },
      { text: key, path: clientKeyFile ?? "" },
    ] as const;
    return { ...tls, clientCertificate: readClientCertificate(...files) };
  } catch (cause) {
    throw new ConfigurationError(`upstreams.${namespace}.clientCert: ${describeFailure(cause)}`, { cause });
  }
}

/**
 * How TLS is spoken with a mirror: as its own host's settings say, if there are any. Else the registry's authorities count
 * there as well; what larder shows to the registry, and that it takes any certificate of it, is between the two of them.
 */
async function mirrorTlsOf(mirror: string, { caPem }: TlsSetup, settings: Settings): Promise<TlsSetup> {
  const own = settingsOf(tryParseNamespace(new URL(mirror).host), settings);
  return own === null ? { ...NO_TLS, caPem } : tlsOf(own);
}

function endpointTls({ caPem, clientCertificate, isUnverified, passesTraceOn }: TlsSetup) {
  return {
    isUnverified,
    passesTraceOn,
    ...(caPem === null ? {} : { caPem }),
    ...(clientCertificate === null ? {} : { clientCertificate }),
  };
}

function ownCredentials({ namespace, username, password, filePassword }: UpstreamSetup): CredentialSource | null {
  if (username === null) return null;
  return fixedCredentials(namespace, username, filePassword?.trim() ?? password ?? "");
}

async function readSetting(namespace: Namespace, key: string, path: string): Promise<string> {
  try {
    return await readSettingFile(path);
  } catch (cause) {
    const why = describeFailure(cause);
    throw new ConfigurationError(`upstreams.${namespace}.${key}: ${why}`, { cause });
  }
}

function logEvent(log: Log, namespace: Namespace, event: UpstreamEvent): void {
  switch (event.kind) {
    case "response": {
      const { method, url, status, elapsedMs, requestId } = event;
      return log.write("debug", "upstream answered", {
        namespace,
        method,
        url,
        status,
        ms: Math.round(elapsedMs),
        requestId,
      });
    }
    case "failure": {
      const { method, url, retried, requestId } = event;
      return log.write("debug", "upstream failed", {
        namespace,
        method,
        url,
        error: event.error.message,
        retried,
        requestId,
      });
    }
    case "away":
      return log.write("warning", "an upstream is not reachable; what is here is served without it until it is back", {
        namespace,
        host: event.host,
        error: event.error.message,
      });
    case "back": {
      const seconds = Math.round(event.awayMs / 1000);
      return log.write("info", "an upstream is reachable again", { namespace, host: event.host, seconds });
    }
    default:
      event satisfies never;
  }
}
