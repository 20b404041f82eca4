import type { ProgramPlaces } from "../clients/programs/program-shelf.ts";
import type { ListeningSocket } from "../http/clients/client-request.ts";
import type { Clock } from "../lib/async/clock.ts";
import type { Turns, Work } from "../lib/async/turns.ts";
import type { Changes } from "../registry/live/changes.ts";
import type { DiskReserve } from "../storage/filesystem/disk-reserve.ts";
import type { Housekeeping } from "../recovery/open-store.ts";
import type { MetadataStore } from "../storage/metadata.ts";
import type { WriteGuard } from "../storage/write-guard.ts";
import type { LineLog } from "../telemetry/line-log.ts";
import type { ServerMetrics } from "./metrics/server-metrics.ts";

/** What a server needs from its process. */
export type ServerEnvironment = {
  readonly log: LineLog;
  /** How many lines of the log were left out, since nobody took them. */
  readonly droppedLines: () => number;
  readonly clock: Clock;
  readonly version: string;
  /** The process's environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** This program as a command line, for work that is done in processes of their own. */
  readonly program: readonly string[];
  /** Where this program, and those for other machines, are found for nodes. */
  readonly programPlaces: ProgramPlaces;
};

/** What the parts of a larder are composed over: its data folder, its stores and what they share. */
export type Foundation = {
  readonly dataFolder: string;
  readonly metadata: MetadataStore;
  readonly reserve: DiskReserve;
  /** Sees when the data folder is not in its place. */
  readonly guard: WriteGuard & { readonly problem: string | null };
  /** Who shares the event loop, the keeping of the store included. */
  readonly turns: Turns;
  /** Reads all of the database, in turns. What is wrong with it; null when nothing is. */
  readonly checkDatabase: (work: Work) => Promise<string | null>;
  /** What keeps the store; null where that is damaged. */
  readonly housekeeping: Housekeeping | null;
  /** How many requests are being answered. */
  readonly openRequests: () => number;
  /** PEM of larder's own authority, or null. */
  readonly authorityPem: string | null;
  /** Where larder listens; known when the first request comes. */
  readonly sockets: () => readonly ListeningSocket[];
  readonly metrics: ServerMetrics;
  /** Is told what changes besides images, for those who watch. */
  readonly changes: Changes;
};
