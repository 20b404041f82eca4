import type { Clock } from "../lib/async/clock.ts";
import { Turns } from "../lib/async/turns.ts";
import { DOCKER_HUB, type Namespace } from "../oci/repository-name.ts";
import { NO_ACCESS } from "./auth/access.ts";
import { AddressPolicy, hostOf } from "./transport/address-policy.ts";
import type { ClientCertificate } from "./transport/client-certificate.ts";
import { Authorizer } from "./auth/authorizer.ts";
import { ContentReader } from "./content-reader.ts";
import type { CredentialSource } from "./auth/credentials.ts";
import { type HostResolver, systemResolver } from "./transport/host-resolver.ts";
import { ImagePusher } from "./image-pusher.ts";
import { ListReader } from "./list-reader.ts";
import { outgoingVia } from "./loop-mark.ts";
import { ProxyFinder } from "./transport/proxy-finder.ts";
import type { ChooseProxy } from "./transport/proxy-settings.ts";
import { ReachableAddresses } from "./transport/reachable-addresses.ts";
import { ReferrerReader } from "./referrer-reader.ts";
import type { RegistryClient, RequestOptions } from "./registry-client.ts";
import { RegistryServer } from "./registry-server.ts";
import { drain } from "./transport/response-body.ts";
import { RequestBudget, requestLimit } from "./transport/request-lanes.ts";
import { ServerAddress } from "./server-address.ts";
import { ServerPool } from "./server-pool.ts";
import { insistOnStatus } from "./transport/status-failure.ts";
import { TokenService } from "./auth/token-service.ts";
import { Transport } from "./transport/transport.ts";
import type { UpstreamEvent } from "./upstream-event.ts";
import { DEFAULT_LIMITS, type UpstreamLimits } from "./upstream-limits.ts";

/** A server that answers for a registry. */
export type Endpoint = {
  /**
   * `https://registry-1.docker.io`, `http://10.0.0.9:5000`, `https://proxy.example/hub` (asked at `/hub/v2/`), or
   * `https://harbor.example/v2/docker-hub` (a path with `v2` in it stands before all names).
   */
  readonly url: string;
  /** Certificate authorities trusted besides the public ones, in PEM. */
  readonly caPem?: string;
  /** Take any certificate from its host: only where somebody has said so, and is told of it again and again. */
  readonly isUnverified?: boolean;
  /** What larder shows to its host, and to no other, when it asks for a certificate. */
  readonly clientCertificate?: ClientCertificate;
  /** Add `?ns=NAMESPACE` to each request; for mirrors that serve several registries (another larder, spegel). */
  readonly sendNamespace?: boolean;
  /** Is its host told which trace a request belongs to (`traceparent`)? */
  readonly passesTraceOn?: boolean;
};

/** How a registry is reached. */
export type RegistryOptions = {
  readonly namespace: Namespace;
  /** Where the registry itself answers; `defaultEndpoint` when nothing is configured. */
  readonly endpoint: Endpoint;
  /** Others that have its content, in the order to ask them, before the registry itself. */
  readonly mirrors?: readonly Endpoint[];
  /** Asked for `namespace`, and for a mirror by its own host and port: a mirror never sees the registry's credentials. */
  readonly credentials: CredentialSource;
  readonly resolver: HostResolver;
  /** Straight to every server unless given; `proxyFromEnvironment` makes one. Behind a proxy `resolver` is not asked. */
  readonly chooseProxy?: ChooseProxy;
  /** This process, as `Via` names it; see `newInstanceId`. */
  readonly instanceId: string;
  readonly userAgent: string;
  /** What all registries of a process share; one of its own unless given. */
  readonly budget?: RequestBudget;
  readonly limits?: Partial<UpstreamLimits>;
  /** Those of the process, for long lists; some of its own unless given. */
  readonly turns?: Turns;
  readonly clock: Clock;
  /**
   * Is a server that cannot be reached taken for away, and tried again in the background while this allows it? Unless
   * given, each request finds out for itself.
   */
  readonly mayProbe?: () => boolean;
  /** Told of each answer and failure, of retries too. */
  readonly observe?: (event: UpstreamEvent) => void;
};

/** Where a registry answers when nothing is configured: `https://HOST`; Docker Hub's API has a host of its own. */
export function defaultEndpoint(namespace: Namespace): Endpoint {
  return { url: namespace === DOCKER_HUB ? "https://registry-1.docker.io" : `https://${namespace}` };
}

/** A client of one registry. Nothing is contacted yet. Throws a TypeError that quotes an endpoint that is not valid. */
export function openRegistry(options: RegistryOptions): RegistryClient {
  const limits: UpstreamLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const endpoints = [options.endpoint, ...(options.mirrors ?? [])];
  const roots = endpoints.map(({ url }) => new ServerAddress(url, null).rootUrl());
  const { elapsed } = options.clock;
  const addresses = new ReachableAddresses(limits.connectTimeoutMs, elapsed);
  const choose = options.chooseProxy ?? (() => null);
  const shared = {
    ...options,
    limits,
    policy: new AddressPolicy(roots),
    addresses,
    proxies: new ProxyFinder({ choose, resolver: systemResolver(elapsed), addresses }),
    budget: options.budget ?? new RequestBudget(requestLimit({})),
  };
  const [registry, ...mirrors] = endpoints.map((endpoint, index) => openServer(endpoint, index > 0, shared));
  if (registry === undefined) throw new TypeError("a registry needs an endpoint");
  const pool = new ServerPool({ registry, mirrors, penaltyMs: limits.penaltyMs, elapsed });
  const content = new ContentReader(pool, limits);
  const lists = new ListReader(pool, limits, options.turns ?? new Turns());
  const referrers = new ReferrerReader(pool, content, limits);
  const pusher = new ImagePusher(registry, limits);
  return {
    namespace: options.namespace,
    headManifest: (...args) => content.headManifest(...args),
    getManifest: (...args) => content.getManifest(...args),
    headBlob: (...args) => content.headBlob(...args),
    getBlob: (...args) => content.getBlob(...args),
    listReferrers: (...args) => referrers.listReferrers(...args),
    listTags: (...args) => lists.listTags(...args),
    listRepositories: (...args) => lists.listRepositories(...args),
    pushBlob: (...args) => pusher.pushBlob(...args),
    putManifest: (...args) => pusher.putManifest(...args),
    deleteManifest: (...args) => pusher.deleteManifest(...args),
    ping: (requestOptions) => ping(registry, requestOptions),
    rateLimit: () => registry.rateLimit,
    reachability: () => registry.reachability,
  };
}

type Shared = RegistryOptions & {
  readonly limits: UpstreamLimits;
  readonly policy: AddressPolicy;
  readonly proxies: ProxyFinder;
  readonly addresses: ReachableAddresses;
  readonly budget: RequestBudget;
};

function openServer(endpoint: Endpoint, isMirror: boolean, shared: Shared): RegistryServer {
  const { namespace, credentials, resolver, policy, addresses, limits, userAgent, instanceId, clock } = shared;
  const address = new ServerAddress(endpoint.url, endpoint.sendNamespace === true ? namespace : null);
  const { connectTimeoutMs, headerTimeoutMs, tokenTimeoutMs, idleTimeoutMs, redirects } = limits;
  const trust = {
    host: hostOf(new URL(address.origin)),
    caPem: endpoint.caPem ?? null,
    isUnverified: endpoint.isUnverified === true,
    clientCertificate: endpoint.clientCertificate ?? null,
    passesTraceOn: endpoint.passesTraceOn === true,
  };
  const lanes = shared.budget.lanesOf(address.host);
  const transport = new Transport({
    lanes,
    resolver,
    policy,
    addresses,
    proxies: shared.proxies,
    trust,
    connectTimeoutMs,
    headerTimeoutMs,
    idleTimeoutMs,
    now: clock.now,
  });
  const headers = { "user-agent": userAgent, via: outgoingVia(instanceId, null) };
  const authorizer = new Authorizer({
    tokens: new TokenService({
      transport,
      base: address.rootUrl(),
      headers,
      redirects,
      timeoutMs: tokenTimeoutMs,
      now: clock.now,
    }),
    credentials: (path) => credentials.find(isMirror ? address.host : namespace, path),
    repositoryPrefix: address.repositoryPrefix,
    elapsed: clock.elapsed,
  });
  return new RegistryServer({
    address,
    transport,
    authorizer,
    instanceId,
    userAgent,
    limits: isMirror ? { ...limits, retries: 0 } : limits,
    clock,
    observe: shared.observe ?? (() => {}),
    mayProbe: shared.mayProbe ?? null,
  });
}

async function ping(registry: RegistryServer, { signal, via, requestId }: RequestOptions = {}): Promise<void> {
  const url = registry.address.rootUrl();
  const response = await registry.send({
    method: "GET",
    url,
    access: NO_ACCESS,
    absence: "failure",
    signal,
    via,
    requestId,
  });
  await drain(response.body);
  insistOnStatus(response, "GET", [200]);
}
