import type { RepositoryName } from "../../oci/repository-name.ts";
import type { ClientPull, PullSource, TransferClient } from "./client-pull.ts";
import type { RunningPush, TransferBoard } from "./transfer-board.ts";

/** A blob on its way from upstream to disk. */
export type RunningDownload = {
  readonly repository: RepositoryName;
  readonly digest: string;
  readonly sizeBytes: number;
  /** So far, those of an earlier attempt included. */
  readonly bytes: number;
  /** Clients that read along. */
  readonly readers: number;
  /** When it began; milliseconds since 1970. */
  readonly startedAtMs: number;
};

type Moving = {
  /** The same for as long as it is on its way. */
  readonly id: string;
  readonly repository: RepositoryName;
  readonly startedAtMs: number;
  readonly bytes: number;
  readonly sizeBytes: number | null;
  readonly bytesPerSecond: number;
};

/** Something that is on its way, at one moment. */
export type TransferState =
  | (Moving & { readonly kind: "download"; readonly digest: string; readonly readers: number })
  | (Moving & { readonly kind: "push"; readonly client: TransferClient })
  | (Moving & {
      readonly kind: "pull";
      readonly client: TransferClient;
      readonly reference: string | null;
      readonly source: PullSource;
      readonly layers: number;
      readonly layersDone: number;
      readonly layersInAll: number | null;
      readonly isDone: boolean;
    });

/** All that is on its way, the oldest first; `more` are left out. */
export type TransferList = { readonly transfers: readonly TransferState[]; readonly more: number };

/** What a watch looks at. */
export type TransferWatchParts = {
  readonly board: Pick<TransferBoard, "look">;
  readonly downloads: () => readonly RunningDownload[];
  /** How many blobs an image has, and bytes of them; null: that is not known. Never fails. */
  readonly imageOf: (repository: RepositoryName, manifest: string) => Promise<ClientPull["image"]>;
  /** Monotonic milliseconds. */
  readonly elapsed: () => number;
};

/** So many are told of. */
const LISTED = 100;
/** How much of the rate is the last look's: a glance tells of some seconds. */
const WEIGHT = 0.4;

type Seen = { bytes: number; atMs: number; rate: number };

/** Looks at what is on its way, once a second while somebody watches, and tells how fast it goes. */
export class TransferWatch {
  readonly #parts: TransferWatchParts;
  #seen = new Map<string, Seen>();

  constructor(parts: TransferWatchParts) {
    this.#parts = parts;
  }

  /** All of it, at this moment. */
  look(): TransferList {
    const { board, downloads } = this.#parts;
    const { pulls, pushes } = board.look();
    const before = this.#seen;
    this.#seen = new Map();
    const rate = (id: string, bytes: number) => this.#rate(before.get(id), id, bytes);
    const all = [
      ...downloads().map((one): TransferState => {
        const id = `download-${one.digest}`;
        return { kind: "download", ...one, id, bytesPerSecond: rate(id, one.bytes) };
      }),
      ...pulls.map((pull) => this.#stateOf(pull, rate)),
      ...pushes.map((push) => stateOfPush(push, rate)),
    ].toSorted((a, b) => a.startedAtMs - b.startedAtMs);
    return { transfers: all.slice(0, LISTED), more: Math.max(0, all.length - LISTED) };
  }

  #stateOf(pull: ClientPull, rate: (id: string, bytes: number) => number): TransferState {
    this.#askForImage(pull);
    const { sizeBytes, bytes, layers, done } = pull.sums;
    const { repository, startedAtMs, client, reference, source, image } = pull;
    const id = `pull-${pull.id}`;
    return {
      kind: "pull",
      id,
      repository,
      startedAtMs,
      client,
      reference,
      source,
      layers,
      bytes,
      // A client does not fetch what it has: how much of the image that is, nobody knows before it is done.
      sizeBytes,
      bytesPerSecond: pull.isRunning ? rate(id, bytes) : 0,
      layersDone: done,
      layersInAll: image?.layers ?? null,
      isDone: !pull.isRunning,
    };
  }

  #askForImage(pull: ClientPull): void {
    if (pull.isImageAskedFor || pull.manifest === null) return;
    pull.isImageAskedFor = true;
    void this.#parts.imageOf(pull.repository, pull.manifest).then((image) => {
      pull.image = image;
    });
  }

  #rate(before: Seen | undefined, id: string, bytes: number): number {
    const atMs = this.#parts.elapsed();
    const { rate = 0 } = before ?? {};
    const tookMs = before === undefined ? 0 : atMs - before.atMs;
    const now = before === undefined || tookMs <= 0 ? rate : (Math.max(0, bytes - before.bytes) / tookMs) * 1000;
    // Nothing for a whole look is nothing.
    const next = now === 0 && rate < 1024 ? 0 : rate === 0 ? now : rate + (now - rate) * WEIGHT;
    this.#seen.set(id, { bytes, atMs, rate: next });
    return Math.round(next);
  }
}

function stateOfPush(push: RunningPush, rate: (id: string, bytes: number) => number): TransferState {
  const { repository, startedAtMs, client, sizeBytes } = push;
  const [id, bytes] = [`push-${push.id}`, push.bytes()];
  return { kind: "push", id, repository, startedAtMs, client, sizeBytes, bytes, bytesPerSecond: rate(id, bytes) };
}
