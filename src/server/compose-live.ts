import type { PageSessions } from "../access/page-sessions/page-sessions.ts";
import { clientAddress } from "../access/proxy-headers.ts";
import { openSocketDiagnosis } from "../access/socket-diagnosis.ts";
import { checkAnswer } from "../http/admin/check-answer.ts";
import { LiveStreams } from "../http/admin/live-streams.ts";
import type { Exchange } from "../http/exchange.ts";
import { MachineAddresses } from "../lib/net/machine-addresses.ts";
import { tryParseDigest } from "../oci/digest.ts";
import { manifestSteps } from "../oci/manifest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import { nameOf } from "../oci/repository.ts";
import { ClientNodes } from "../registry/live/client-nodes.ts";
import { LiveFeed } from "../registry/live/live-feed.ts";
import { TransferBoard } from "../registry/live/transfer-board.ts";
import { type RunningDownload, TransferWatch, type TransferWatchParts } from "../registry/live/transfer-watch.ts";
import type { AccountComposition } from "./compose-accounts.ts";
import type { RegistryComposition } from "./compose-registry.ts";
import type { Foundation, ServerEnvironment } from "./foundation.ts";
import { LiveObserver } from "./live-observer.ts";
import { SentBytesCounter } from "./sent-bytes.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";

/** What tells of what happens, while somebody watches. */
export type LiveComposition = {
  readonly feed: LiveFeed;
  readonly streams: LiveStreams;
  readonly nodes: ClientNodes;
  readonly observer: LiveObserver;
  /** A client's address, as trusted proxies tell it; empty: it is gone. */
  readonly clientOf: (exchange: Exchange) => string;
};

/** Makes what tells those who watch, and connects it with what changes. */
export function composeLive(
  settings: CurrentSettings,
  { variables, clock }: ServerEnvironment,
  { metadata, changes, turns }: Foundation,
  accounts: AccountComposition,
  pageSessions: Pick<PageSessions, "watch">,
  { traffic, blobOrigin, bestEffort }: RegistryComposition,
): LiveComposition {
  for (const directory of [accounts.users, accounts.tokens]) directory.subscribe(() => changes.changed("accounts"));
  metadata.pins.subscribe(() => changes.changed("pins"));
  const board = new TransferBoard(clock.now);
  const transfers = new TransferWatch({
    board,
    downloads: () => blobOrigin.running().map((one) => downloadOf(one, clock.now())),
    imageOf: imageFinder({ metadata, turns }),
    elapsed: clock.elapsed,
  });
  const feed = new LiveFeed({
    events: metadata.events,
    changes,
    transfers,
    traffic: () => traffic.all(),
    now: clock.now,
  });
  metadata.recordings.subscribe(({ kind }) =>
    kind === "pulls" ? changes.moved("recordings") : changes.changed("recordings"),
  );
  metadata.audit.subscribe(() => changes.moved("audit"));
  metadata.pageSessions.subscribe(() => changes.changed("accounts"));
  const check =
    variables["LARDER_CHECK_ANSWERS"] === "1" ? (message: unknown) => checkAnswer("watch", message) : undefined;
  const streams = new LiveStreams({
    feed,
    watchSession: (id, ended) => pageSessions.watch(id, ended),
    ...(check && { check }),
  });
  const attempt = <T>(what: string, write: () => Promise<T>) => bestEffort.attempt(what, write);
  const nodes = new ClientNodes({ store: metadata.nodes, attempt, now: clock.now });
  const addresses = new MachineAddresses(clock.elapsed);
  const sentBytes = new SentBytesCounter(openSocketDiagnosis(), () => addresses.list());
  const clientOf = (exchange: Exchange) =>
    clientAddress(exchange.request.headers, exchange.remote() ?? "", settings.now.trustedProxies);
  const observer = new LiveObserver({ board, nodes, sentBytes, isWatched: () => streams.size > 0, clientOf });
  return { feed, streams, nodes, observer, clientOf };
}

function downloadOf(
  { repository, digest, download }: ReturnType<RegistryComposition["blobOrigin"]["running"]>[number],
  nowMs: number,
): RunningDownload {
  const { size, written, readers, ageMs } = download;
  const startedAtMs = Math.round(nowMs - ageMs);
  return { repository: nameOf(repository), digest, sizeBytes: size, bytes: written, readers, startedAtMs };
}

/** Finds out how many blobs an image has, and how large they are together. */
function imageFinder({ metadata, turns }: Pick<Foundation, "metadata" | "turns">): TransferWatchParts["imageOf"] {
  const read = async (repository: RepositoryName, text: string) => {
    const digest = tryParseDigest(text);
    const found = digest === null ? null : await metadata.manifests.getManifest(repository, digest);
    if (found === null) return null;
    const { layers, config } = await turns.begin().finish(manifestSteps(found.bytes, found.mediaType));
    const blobs = new Map([...layers, ...(config === null ? [] : [config])].map((one) => [one.digest, one.size]));
    if (blobs.size === 0) return null;
    return { layers: blobs.size, sizeBytes: blobs.values().reduce((sum, size) => sum + size, 0) };
  };
  // What cannot be read is not told of.
  return (repository, manifest) => read(repository, manifest).catch(() => null);
}
