import { readFileSync } from "node:fs";
import type { Clock } from "../lib/async/clock.ts";
import type { Namespace } from "../oci/repository-name.ts";
import { type Upstream, Upstreams } from "../registry/pull/upstreams.ts";
import type { Log } from "../telemetry/log.ts";
import { type CredentialSource, firstCredentials, fixedCredentials } from "../upstream/auth/credentials.ts";
import { credentialFiles, dockerConfigCredentials } from "../upstream/auth/docker-config.ts";
import { dnsResolver, systemResolver } from "../upstream/transport/host-resolver.ts";
import { defaultEndpoint, type Endpoint, openRegistry } from "../upstream/open-registry.ts";
import { proxyFromEnvironment } from "../upstream/transport/proxy-settings.ts";
import { RequestBudget, requestLimit } from "../upstream/transport/request-lanes.ts";
import type { UpstreamEvent } from "../upstream/upstream-event.ts";
import { ConfigurationError } from "./settings/configuration-file.ts";
import type { Settings, UpstreamSettings } from "./settings/settings.ts";
import { VERSION } from "../telemetry/version.ts";

/** What the talk with upstream registries needs from the process. */
export type UpstreamEnvironment = {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly instanceId: string;
  readonly log: Log;
  readonly clock: Clock;
};

/** The registries that are stood in for, each with what is configured of it. Throws ConfigurationError. */
export function openUpstreams(settings: Settings, environment: UpstreamEnvironment): Upstreams {
  const { clock, variables } = environment;
  const resolver =
    settings.resolvers.length === 0 ? systemResolver(clock.elapsed) : dnsResolver(settings.resolvers, clock.elapsed);
  const chooseProxy = proxyFromEnvironment(variables);
  const files = settings.credentials === null ? credentialFiles(variables) : [settings.credentials];
  const shared = files.map((path) => dockerConfigCredentials(path, variables));
  const budget = new RequestBudget(requestLimit(variables));
  const open = (namespace: Namespace): Upstream => {
    const given = settings.upstreams.find((upstream) => upstream.namespace === namespace) ?? null;
    const own = given === null ? null : ownCredentials(given);
    const client = openRegistry({
      namespace,
      endpoint: given === null ? defaultEndpoint(namespace) : endpointOf(given),
      mirrors: (given?.mirrors ?? []).map((url) => ({ url, sendNamespace: true })),
      credentials: firstCredentials(own === null ? shared : [own, ...shared]),
      budget,
      resolver,
      chooseProxy,
      instanceId: environment.instanceId,
      userAgent: `larder/${VERSION}`,
      clock,
      mayProbe: () => !upstreams.offline,
      observe: (event) => logEvent(environment.log, namespace, event),
    });
    return { namespace, client, tagLifetimeMs: given?.tagLifetimeMs ?? settings.tagLifetimeMs };
  };
  const upstreams: Upstreams = new Upstreams(standInsOf(settings).map(open), settings.offline);
  return upstreams;
}

/** Who has an entry among the upstreams is stood in for. */
export function standInsOf(settings: Settings): readonly Namespace[] {
  return [...new Set([...settings.standIns, ...settings.upstreams.map((upstream) => upstream.namespace)])];
}

function endpointOf({ namespace, endpoint, caFile }: UpstreamSettings): Endpoint {
  const { url } = endpoint === null ? defaultEndpoint(namespace) : { url: endpoint };
  return caFile === null ? { url } : { url, caPem: readSetting(namespace, "ca", caFile) };
}

function ownCredentials({ namespace, username, password, passwordFile }: UpstreamSettings): CredentialSource | null {
  if (username === null) return null;
  const secret = passwordFile === null ? (password ?? "") : readSetting(namespace, "passwordFile", passwordFile).trim();
  return fixedCredentials(namespace, username, secret);
}

function readSetting(namespace: Namespace, key: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError(`upstreams.${namespace}.${key}: cannot read ${path}: ${why}`, { cause });
  }
}

function logEvent(log: Log, namespace: Namespace, event: UpstreamEvent): void {
  switch (event.kind) {
    case "response": {
      const { method, url, status, elapsedMs } = event;
      return log.write("debug", "upstream answered", { namespace, method, url, status, ms: Math.round(elapsedMs) });
    }
    case "failure": {
      const { method, url, retried } = event;
      return log.write("debug", "upstream failed", { namespace, method, url, error: event.error.message, retried });
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
