import type { Clock } from "../lib/async/clock.ts";
import type { Namespace } from "../oci/repository-name.ts";
import type { Upstream, Upstreams } from "../registry/pull/upstreams.ts";
import type { Log } from "../telemetry/log.ts";
import { type CredentialSource, firstCredentials, fixedCredentials } from "../upstream/auth/credentials.ts";
import { credentialFiles, dockerConfigCredentials } from "../upstream/auth/docker-config.ts";
import { dnsResolver, type HostResolver, systemResolver } from "../upstream/transport/host-resolver.ts";
import { defaultEndpoint, openRegistry } from "../upstream/open-registry.ts";
import { proxyFromEnvironment } from "../upstream/transport/proxy-settings.ts";
import { RequestBudget, requestLimit } from "../upstream/transport/request-lanes.ts";
import type { RegistryClient } from "../upstream/registry-client.ts";
import type { UpstreamEvent } from "../upstream/upstream-event.ts";
import { ConfigurationError } from "./settings/configuration-error.ts";
import { readSettingFile } from "./settings/read-setting-file.ts";
import type { Settings, UpstreamSettings } from "./settings/settings.ts";
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
  /** Gives what else is told of the events of a registry, whose servers are at these URLs. */
  readonly observerOf: (namespace: Namespace, urls: readonly string[]) => (event: UpstreamEvent) => void;
};

/** What is configured of one upstream, with the content of the files that it names. */
type UpstreamSetup = UpstreamSettings & {
  readonly caPem: string | null;
  readonly filePassword: string | null;
  readonly resolvers: readonly string[];
  readonly credentials: string | null;
};

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
    const upstreams = setups.map(({ namespace, tagLifetimeMs }): Upstream => {
      const client = opened.get(namespace)?.client as RegistryClient;
      return { namespace, client, tagLifetimeMs: tagLifetimeMs ?? settings.tagLifetimeMs };
    });
    return () => {
      const before = this.#open;
      this.#open = opened;
      this.#environment.upstreams.replace(upstreams);
      return [...opened].filter(([name, { client }]) => before.get(name)?.client !== client).map(([name]) => name);
    };
  }

  #openClient(setup: UpstreamSetup): RegistryClient {
    const { namespace, caPem, credentials } = setup;
    const { clock, variables, instanceId, log, upstreams, observerOf } = this.#environment;
    const files = credentials === null ? credentialFiles(variables) : [credentials];
    const shared = files.map((path) => dockerConfigCredentials(path, variables));
    const own = ownCredentials(setup);
    const { url } = setup.endpoint === null ? defaultEndpoint(namespace) : { url: setup.endpoint };
    const count = observerOf(namespace, [url, ...setup.mirrors]);
    const client: RegistryClient = openRegistry({
      namespace,
      endpoint: caPem === null ? { url } : { url, caPem },
      mirrors: setup.mirrors.map((mirror) => ({ url: mirror, sendNamespace: true })),
      credentials: firstCredentials(own === null ? shared : [own, ...shared]),
      budget: this.#budget,
      resolver: this.#resolverOf(setup.resolvers),
      chooseProxy: proxyFromEnvironment(variables),
      instanceId,
      userAgent: `larder/${VERSION}`,
      clock,
      // One that has been replaced asks nobody any more of its own accord.
      mayProbe: () => upstreams.find(namespace)?.client === client,
      observe: (event) => {
        count(event);
        logEvent(log, namespace, event);
      },
    });
    return client;
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
  const given = settings.upstreams.find((upstream) => upstream.namespace === namespace) ?? unsaid(namespace);
  const { caFile, passwordFile } = given;
  const caPem = caFile === null ? null : await readSetting(namespace, "ca", caFile);
  const filePassword = passwordFile === null ? null : await readSetting(namespace, "passwordFile", passwordFile);
  return { ...given, resolvers, credentials, caPem, filePassword };
}

function unsaid(namespace: Namespace): UpstreamSettings {
  const nothing = { username: null, password: null, passwordFile: null, caFile: null, tagLifetimeMs: null };
  return { namespace, endpoint: null, mirrors: [], ...nothing };
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
