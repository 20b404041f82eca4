import { DEFAULT_STAND_INS } from "../registry/stand-ins.ts";
import { DOCKER_HUB, type Namespace } from "../oci/repository-name.ts";
import type { ListenAddress } from "./listen-address.ts";

/** Everything that a server can be told. Times are in milliseconds. */
export type Settings = {
  readonly http: readonly ListenAddress[];
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
  readonly deletes: boolean;
  readonly localAnswersForAll: boolean;
  readonly gcGraceMs: number;
  readonly gcIntervalMs: number;
  readonly uploadExpiryMs: number;
  /** How long open transfers may go on after SIGTERM. */
  readonly shutdownMs: number;
  readonly logLevel: "debug" | "info" | "warning" | "error";
};

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

/** What holds unless it is said otherwise. */
export const DEFAULT_SETTINGS: Settings = {
  http: [{ host: null, port: 5000 }],
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
  deletes: true,
  localAnswersForAll: true,
  gcGraceMs: 3_600_000,
  gcIntervalMs: 600_000,
  uploadExpiryMs: 86_400_000,
  shutdownMs: 30_000,
  logLevel: "info",
};
