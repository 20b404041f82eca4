import type { IpNetwork } from "../../lib/net/ip-network.ts";
import { DOCKER_HUB, type Namespace } from "../../oci/repository-name.ts";
import { DEFAULT_STAND_INS } from "../../registry/names/stand-ins.ts";
import { formatListenAddress, type ListenAddress } from "./listen-address.ts";

/** Everything that a server can be told. Times are in milliseconds. */
export type Settings = {
  readonly http: readonly ListenAddress[];
  readonly https: readonly ListenAddress[];
  /** Where the certificate for HTTPS comes from. */
  readonly tls: TlsSettings;
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
  /** May everyone who reaches larder write? */
  readonly open: boolean;
  /** Proxies in front of larder whose word on their clients is taken. */
  readonly trustedProxies: readonly IpNetwork[];
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
  readonly gcGraceMs: number;
  readonly gcIntervalMs: number;
  readonly uploadExpiryMs: number;
  /** How long open transfers may go on after SIGTERM. */
  readonly shutdownMs: number;
  readonly logLevel: "debug" | "info" | "warning" | "error";
};

/** A certificate of larder's own authority, which may be limited to the hosts known when it is made; or one from files. */
export type TlsSettings =
  | { readonly mode: "auto"; readonly constraints: boolean }
  | { readonly mode: "files"; readonly certPath: string; readonly keyPath: string };

/** What is configured of one upstream registry; what is null or empty is as for all. */
export type UpstreamSettings = {
  readonly namespace: Namespace;
  readonly endpoint: string | null;
  readonly mirrors: readonly string[];
  readonly username: string | null;
  readonly password: string | null;
  readonly passwordFile: string | null;
  readonly caFile: string | null;
  readonly tagLifetimeMs: number | null;
};

/** What was said by a flag, a variable or a file. `standardPorts` is short for three addresses. */
export type GivenSettings = Partial<Settings> & { readonly standardPorts?: boolean };

/** What holds unless it is said otherwise. */
const DEFAULT_SETTINGS: Settings = {
  http: [{ host: null, port: 5000 }],
  https: [],
  tls: { mode: "auto", constraints: false },
  dns: [],
  dnsOpen: false,
  addresses: [],
  data: "./larder-data",
  standIns: DEFAULT_STAND_INS,
  unqualified: [DOCKER_HUB],
  upstreams: [],
  offline: false,
  resolvers: [],
  tagLifetimeMs: 300_000,
  credentials: null,
  names: [],
  open: false,
  trustedProxies: [],
  deletes: true,
  aciFiles: null,
  aciKey: null,
  aciKeepBytes: 10e9,
  localAnswersForAll: true,
  acceptSparse: false,
  gcGraceMs: 3_600_000,
  gcIntervalMs: 600_000,
  uploadExpiryMs: 86_400_000,
  shutdownMs: 30_000,
  logLevel: "info",
};

/** What was said, and the defaults for the rest. Plain HTTP is a default only while nothing else is listened on. */
export function completeSettings({ standardPorts = false, ...given }: GivenSettings): Settings {
  const withPort = (addresses: readonly ListenAddress[] = [], port: number) =>
    standardPorts ? withoutRepetition([...addresses, { host: null, port }]) : addresses;
  const https = withPort(given.https, 443);
  const isSilent = given.http === undefined && !standardPorts && https.length === 0;
  return {
    ...DEFAULT_SETTINGS,
    ...given,
    http: isSilent ? DEFAULT_SETTINGS.http : withPort(given.http, 80),
    https,
    dns: withPort(given.dns, 53),
  };
}

function withoutRepetition(addresses: readonly ListenAddress[]): readonly ListenAddress[] {
  return [...new Map(addresses.map((address) => [formatListenAddress(address), address])).values()];
}
