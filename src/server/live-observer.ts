import type { Exchange } from "../http/exchange.ts";
import type { RequestObserver } from "../http/request-observer.ts";
import { nameOf, type Repository } from "../oci/repository.ts";
import { type ClientNode, type ClientNodes, findAsked } from "../registry/live/client-nodes.ts";
import { parseClientAgent } from "../registry/live/client-agent.ts";
import type { Progress } from "../registry/live/client-pull.ts";
import type { TransferBoard } from "../registry/live/transfer-board.ts";
import type { SentBytesCounter } from "./sent-bytes.ts";

/**
 * A file of this size or more takes a while: where it begins on its connection is noted though nobody watches, since who wonders
 * why a pull is slow looks when it has begun. It costs some microseconds.
 */
const LARGE_BYTES = 8 << 20;
/** Answers of manifests that are noted in such a time; of more, every so manieth stands for as many: who asks costs a look at the connection. */
const NOTED = { answers: 50, inMs: 100 };

/** The parts of an observer. */
export type LiveObserverParts = {
  readonly board: TransferBoard;
  readonly nodes: ClientNodes;
  readonly sentBytes: SentBytesCounter;
  readonly isWatched: () => boolean;
  /** A client's address, as trusted proxies tell it. */
  readonly clientOf: (exchange: Exchange) => string;
};

/** Notes who pulls, and what is on its way to clients and from them. */
export class LiveObserver implements RequestObserver {
  readonly #parts: LiveObserverParts;
  /** Of the time that this is: since when, how many manifests, and how many each that is noted stands for. */
  #sinceMs = 0;
  #manifests = 0;
  #weight = 1;
  /** What ends when an exchange does. */
  readonly #running = new WeakMap<Exchange, (bytes: number) => void>();

  constructor(parts: LiveObserverParts) {
    this.#parts = parts;
  }

  streams(exchange: Exchange, status: number): void {
    const { record, request } = exchange;
    if (record.route !== "blob" || request.method !== "GET" || status >= 300) return;
    const progress = (): Progress => ({ bytes: record.bytesStreamed, isOver: false });
    const sizeBytes = record.bytesOut ?? record.served?.sizeBytes ?? 0;
    const end = this.#begin(exchange, sizeBytes, null, progress);
    if (end !== null) this.#running.set(exchange, end);
  }

  receives(exchange: Exchange): void {
    const { record, request } = exchange;
    const { repository, route } = record;
    if (repository === null || (route !== "upload" && route !== "uploads")) return;
    const length = Number(request.headers.get("content-length") ?? Number.NaN);
    const from = this.#parts.clientOf(exchange);
    const agent = parseClientAgent(request.headers.get("user-agent"));
    const end = this.#parts.board.beginPush({
      repository: nameOf(repository),
      client: { who: exchange.who, from, agent },
      sizeBytes: Number.isSafeInteger(length) ? length : null,
      bytes: () => record.bytesIn ?? 0,
    });
    this.#running.set(exchange, end);
  }

  answered(exchange: Exchange, status: number): void {
    const { record } = exchange;
    const { route } = record;
    if (route !== "manifest" && route !== "blob" && route !== "upload" && route !== "uploads") return;
    if (route === "manifest") return this.#noteManifest(exchange, status);
    const end = this.#running.get(exchange);
    if (end !== undefined) {
      this.#running.delete(exchange);
      end(record.bytesOut ?? 0);
    }
    if (route !== "blob" || exchange.request.method !== "GET" || status >= 300) return;
    if (end === undefined && !exchange.isStreamed) this.#noteFile(exchange);
    this.#noteBlob(exchange);
  }

  #noteManifest(exchange: Exchange, status: number): void {
    const { repository, reference, served, source, bytesOut } = exchange.record;
    if (served === null || repository === null || reference === null || status >= 400) return;
    if (!this.#isTakenDown(exchange.startedMs)) return;
    const address = this.#parts.clientOf(exchange);
    if (address === "") return;
    const answer = { repository, source, bytes: bytesOut ?? 0, weight: this.#weight };
    this.#parts.nodes.noteManifest(address, exchange.request.headers, answer, reference, served.digest);
  }

  #isTakenDown(nowMs: number): boolean {
    if (nowMs - this.#sinceMs > NOTED.inMs) {
      // What came at once lately comes at once now.
      this.#weight = Math.max(1, Math.round(this.#manifests / NOTED.answers));
      this.#sinceMs = nowMs;
      this.#manifests = 0;
    }
    return this.#manifests++ % this.#weight === 0;
  }

  #noteBlob(exchange: Exchange): void {
    const { repository, source, bytesOut } = exchange.record;
    const address = this.#parts.clientOf(exchange);
    if (repository === null || address === "") return;
    this.#parts.nodes.noteBlob(address, exchange.request.headers, {
      repository,
      source,
      bytes: bytesOut ?? 0,
      weight: 1,
    });
  }

  /** A file that the system sends by itself: its end shows on its connection alone. */
  #noteFile(exchange: Exchange): void {
    const sizeBytes = exchange.record.bytesOut ?? 0;
    if (sizeBytes < LARGE_BYTES && !this.#parts.isWatched()) return;
    const { sentBytes } = this.#parts;
    const connection = sentBytes.find(exchange.arrival());
    const before = connection === null ? null : sentBytes.sent(connection);
    if (connection === null || before === null) return;
    const { far, near } = connection;
    const key = `${far.address.toString()} ${far.port} ${near.port}`;
    // Made now: it does not tell of what happened before.
    const { signal } = exchange.request;
    this.#begin(exchange, sizeBytes, key, () => sentBytes.progress(connection, before, sizeBytes, signal.aborted));
  }

  #begin(
    exchange: Exchange,
    sizeBytes: number,
    connection: string | null,
    progress: () => Progress | null,
  ): ((bytes: number) => void) | null {
    const { repository, served, source } = exchange.record;
    const from = this.#parts.clientOf(exchange);
    if (repository === null || served === null || from === "") return null;
    const node = this.#parts.nodes.find(from);
    return this.#parts.board.begin({
      repository: nameOf(repository),
      digest: served.digest,
      blobBytes: served.sizeBytes ?? sizeBytes,
      sizeBytes,
      source: source ?? "disk",
      client: { who: exchange.who, from, agent: parseClientAgent(exchange.request.headers.get("user-agent")) },
      connection,
      asked: askedBy(node, repository),
      progress,
    });
  }
}

function askedBy(node: ClientNode | null, repository: Repository) {
  return node === null ? null : findAsked(node, repository);
}
