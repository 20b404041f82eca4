import type { Repository } from "../../oci/repository.ts";
import { nameOf } from "../../oci/repository.ts";
import { NODES_KEPT, type NodeStore, type StoredNode } from "../../storage/nodes.ts";
import { type ClientAgent, parseClientAgent } from "./client-agent.ts";

/** An answer to a pull, as it is noted. */
export type NotedAnswer = {
  readonly repository: Repository;
  readonly source: "disk" | "upstream" | "stale" | null;
  readonly bytes: number;
  /** How many such answers this one stands for: of very many at once, not each is noted. */
  readonly weight: number;
};

/** An image that a node asked for lately. */
export type AskedImage = {
  readonly repository: Repository;
  /** The tag, or the digest, that it was asked for by. */
  reference: string;
  /** The manifest that was answered with last: after an index, that of a platform. */
  digest: string;
  /** When that pull began. */
  atMs: number;
};

/** What is known of a node in memory. */
export type ClientNode = {
  readonly address: string;
  agent: ClientAgent | null;
  /** When its User-Agent was read last: it changes with an upgrade alone. */
  agentAtMs: number;
  firstPullMs: number;
  lastPullMs: number;
  pulls: number;
  hits: number;
  misses: number;
  stale: number;
  bytes: number;
  lastImage: string | null;
  /** What it asked for lately, the newest first. */
  readonly asked: AskedImage[];
  isSaved: boolean;
};

/** What a node asks of one image within so many milliseconds is one pull: a HEAD by tag, an index, a platform's manifest. */
const ONE_PULL_MS = 10_000;
const AGENT_MS = 60_000;
/** A node pulls several images at once. */
const ASKED_AT_ONCE = 8;
/** So many are given up at once when there are too many: to find them takes a look at all. */
const GIVEN_UP_AT_ONCE = NODES_KEPT / 20;
/** Written in one transaction: some milliseconds. */
const WRITTEN_AT_ONCE = 500;

/** What nodes are kept with. */
export type ClientNodesParts = {
  readonly store: NodeStore;
  /** Attempts a write that may fail; null: it did. */
  readonly attempt: <T>(what: string, write: () => Promise<T>) => Promise<T | null>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/**
 * Who has pulled lately, by address: in memory, and written down every so often, so that no pull waits for it. What is kept is
 * bounded, whoever asks.
 */
export class ClientNodes {
  readonly #parts: ClientNodesParts;
  readonly #nodes = new Map<string, ClientNode>();
  #saving: Promise<void> | null = null;

  constructor(parts: ClientNodesParts) {
    this.#parts = parts;
  }

  /** Reads what earlier runs knew. To be called before the first request. */
  async start(): Promise<void> {
    // Without it, they begin anew: no pull depends on it.
    const stored = await this.#parts.store.list().catch(() => []);
    for (const { runtime, runtimeVersion, ...rest } of stored) {
      const agent = runtime === null ? null : { runtime, version: runtimeVersion };
      this.#nodes.set(rest.address, { ...rest, agent, agentAtMs: 0, asked: [], isSaved: true });
    }
  }

  /** How many are known. */
  get size(): number {
    return this.#nodes.size;
  }

  /** All of them, in no order. */
  all(): Iterable<ClientNode> {
    return this.#nodes.values();
  }

  find(address: string): ClientNode | null {
    return this.#nodes.get(address) ?? null;
  }

  /**
   * Notes that a manifest was answered, by tag or by digest. Some 18,000 times a second: nothing is made anew for a node that asks
   * for the same again.
   */
  noteManifest(address: string, headers: Headers, answer: NotedAnswer, reference: string, digest: string): void {
    const node = this.#note(address, headers, answer);
    const { repository } = answer;
    const asked = findAsked(node, repository);
    if (asked === null) return this.#begin(node, repository, reference, digest);
    const isTag = !reference.includes(":");
    // Another tag of the repository, or the same after a while, is another pull.
    if ((isTag && reference !== asked.reference) || node.lastPullMs - asked.atMs > ONE_PULL_MS) {
      asked.reference = reference;
      node.pulls++;
      node.lastImage = imageOf(asked);
      asked.atMs = node.lastPullMs;
    }
    asked.digest = digest;
  }

  /** Notes that a blob was answered. */
  noteBlob(address: string, headers: Headers, answer: NotedAnswer): ClientNode {
    return this.#note(address, headers, answer);
  }

  /** Writes down what has changed. Where it cannot be written, that is for the next time. Never fails. */
  save(): Promise<void> {
    this.#saving ??= this.#save().finally(() => {
      this.#saving = null;
    });
    return this.#saving;
  }

  #note(address: string, headers: Headers, { source, bytes, weight }: NotedAnswer): ClientNode {
    const nowMs = this.#parts.now();
    const node = this.#nodes.get(address) ?? this.#meet(address, nowMs);
    node.lastPullMs = nowMs;
    node.isSaved = false;
    if (nowMs - node.agentAtMs > AGENT_MS || nowMs < node.agentAtMs) {
      node.agent = parseClientAgent(headers.get("user-agent"));
      node.agentAtMs = nowMs;
    }
    if (source === "upstream") node.misses += weight;
    else node.hits += weight;
    if (source === "stale") node.stale += weight;
    node.bytes += bytes * weight;
    return node;
  }

  #begin(node: ClientNode, repository: Repository, reference: string, digest: string): void {
    const asked = { repository, reference, digest, atMs: node.lastPullMs };
    node.asked.unshift(asked);
    if (node.asked.length > ASKED_AT_ONCE) node.asked.pop();
    node.pulls++;
    node.lastImage = imageOf(asked);
  }

  #meet(address: string, nowMs: number): ClientNode {
    if (this.#nodes.size >= NODES_KEPT) this.#giveUp();
    const counts = { pulls: 0, hits: 0, misses: 0, stale: 0, bytes: 0 };
    const times = { firstPullMs: nowMs, lastPullMs: nowMs, agentAtMs: 0 };
    const node = { address, agent: null, ...times, ...counts, lastImage: null, asked: [], isSaved: false };
    this.#nodes.set(address, node);
    return node;
  }

  #giveUp(): void {
    const oldest = [...this.#nodes.values()].toSorted((a, b) => a.lastPullMs - b.lastPullMs);
    for (const { address } of oldest.slice(0, GIVEN_UP_AT_ONCE)) this.#nodes.delete(address);
  }

  async #save(): Promise<void> {
    const changed = [...this.#nodes.values()].filter(({ isSaved }) => !isSaved);
    for (let from = 0; from < changed.length; from += WRITTEN_AT_ONCE) {
      const nodes = changed.slice(from, from + WRITTEN_AT_ONCE);
      for (const node of nodes) node.isSaved = true;
      const written = await this.#parts.attempt("who has pulled", async () => {
        await this.#parts.store.put(nodes.map(storedNodeOf));
        return true;
      });
      if (written === null) for (const node of nodes) node.isSaved = false;
    }
  }
}

/** A node as it is kept, and listed. */
export function storedNodeOf(node: ClientNode): StoredNode {
  const { address, agent, firstPullMs, lastPullMs, pulls, hits, misses, stale, bytes, lastImage } = node;
  const program = { runtime: agent?.runtime ?? null, runtimeVersion: agent?.version ?? null };
  return { address, ...program, firstPullMs, lastPullMs, pulls, hits, misses, stale, bytes, lastImage };
}

/** The image that a node asked for last in a repository; null: none that is remembered. */
export function findAsked({ asked }: ClientNode, { namespace, path }: Repository): AskedImage | null {
  for (const one of asked) {
    if (one.repository.path === path && one.repository.namespace === namespace) return one;
  }
  return null;
}

function imageOf({ repository, reference }: AskedImage): string {
  return `${nameOf(repository)}${reference.includes(":") ? "@" : ":"}${reference}`;
}
