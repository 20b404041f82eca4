import type { Gate } from "../../access/gate.ts";
import type { ProgramShelf } from "../../clients/programs/program-shelf.ts";
import type { Finding } from "../../doctor/finding.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import type { ListeningSocket } from "./client-request.ts";

/** Under this path are the pages. */
export const CLIENT_PATH = "/client";

/** What is written for nodes, and what it is written from. */
export type ClientGuideParts = {
  readonly standIns: readonly Namespace[];
  /** PEM of larder's own authority; null when it has none. */
  readonly authorityPem: string | null;
  /** Asked at each request: ports that the system chooses are known only later. */
  readonly sockets: () => readonly ListeningSocket[];
  /** The addresses that nodes are told; none: the one that they reach larder by. */
  readonly addresses: readonly string[];
  /** This machine's address for packets to that one. */
  readonly addressTowards: (remote: string) => Promise<string | null>;
  /** Larder itself, for nodes that have none. */
  readonly programs: ProgramShelf;
};

/** What the pages of `/client/` are made from. */
export type ClientPagesOptions = {
  readonly guide: ClientGuideParts;
  readonly gate: Gate;
  /** What this larder knows of itself, for a node that asks why it does not pull from here. */
  readonly findings: () => Promise<readonly Finding[]>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};
