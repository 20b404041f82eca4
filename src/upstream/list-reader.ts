import type { Turns, Work } from "../lib/async/turns.ts";
import { StringListScanner } from "../lib/text/string-list-scanner.ts";
import type { Access } from "./auth/access.ts";
import { type RepositoryPath, tryParseRepositoryPath } from "../oci/repository-name.ts";
import { tryParseTag } from "../oci/tag.ts";
import { hasNoSuchEndpoint, nextPage, readPage } from "./list-page.ts";
import type { ListOptions, RequestOptions, TagList, TagSource } from "./registry-client.ts";
import type { RegistryServer } from "./registry-server.ts";
import { readPieces } from "./transport/response-body.ts";
import type { ServerPool } from "./server-pool.ts";
import { insistOnStatus } from "./transport/status-failure.ts";
import { describeRequest } from "./transport/transport.ts";
import { UpstreamError } from "./transport/upstream-error.ts";
import type { UpstreamLimits } from "./upstream-limits.ts";

/** What distribution gives out at most. */
const PAGE_ENTRIES = 1000;
const PAGE_LIMIT = 1000;
/** Bytes of a page that are looked at in one step: a millisecond's work. */
const STEP_BYTES = 65_536;
/** The same for names. */
const STEP_NAMES = 1000;

/** A list of a registry: where it is below `/v2`, under which key its names are, and what they spell; null: nothing. */
type NameList<T> = {
  readonly path: string;
  readonly key: string;
  readonly access: Access;
  readonly parse: (name: string) => T | null;
};
/** The entries of a list, as far as larder takes them. */
type Collected<T> = { readonly entries: readonly T[]; readonly isCut: boolean };

/** The lists of tags and repositories, over all of their pages. Names that could not be asked for are left out. */
export class ListReader implements TagSource {
  readonly #pool: ServerPool;
  readonly #limits: Pick<UpstreamLimits, "listEntries" | "listBytes" | "listTimeoutMs">;
  readonly #turns: Turns;

  constructor(
    pool: ServerPool,
    limits: Pick<UpstreamLimits, "listEntries" | "listBytes" | "listTimeoutMs">,
    turns: Turns,
  ) {
    this.#pool = pool;
    this.#limits = limits;
    this.#turns = turns;
  }

  async listTags(path: RepositoryPath, options: ListOptions = {}): Promise<TagList | null> {
    const access = { path, actions: "pull" } as const;
    const list = { path: `/${path}/tags/list`, key: "tags", access, parse: tryParseTag };
    const found = await this.#pool.readList((server) => this.#collectInTime(server, list, options), options.signal);
    return found === null ? null : { tags: found.entries, isCut: found.isCut };
  }

  async listRepositories(options: ListOptions = {}): Promise<readonly RepositoryPath[] | null> {
    const access = { path: null, actions: "catalog" } as const;
    try {
      const found = await this.#pool.readList((server) => {
        const parse = (name: string) => tryParseRepositoryPath(server.address.nameOf(name) ?? "");
        return this.#collectInTime(server, { path: "/_catalog", key: "repositories", access, parse }, options);
      }, options.signal);
      return found?.entries ?? null;
    } catch (error) {
      if (hasNoSuchEndpoint(error)) return null;
      throw error;
    }
  }

  async #collectInTime<T>(
    server: RegistryServer,
    list: NameList<T>,
    options: ListOptions,
  ): Promise<Collected<T> | null> {
    const { listTimeoutMs } = this.#limits;
    const overdue = new AbortController();
    const timer = setTimeout(() => {
      const what = `${server.address.origin}/v2${list.path}`;
      const message = `${what} was not there with all of its pages within ${listTimeoutMs / 1000} s`;
      overdue.abort(new UpstreamError({ kind: "timeout", waiting: "body" }, message));
    }, listTimeoutMs);
    const signal = AbortSignal.any([overdue.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    try {
      return await this.#collect(server, list, { ...options, signal });
    } finally {
      clearTimeout(timer);
    }
  }

  async #collect<T>(server: RegistryServer, list: NameList<T>, options: ListOptions): Promise<Collected<T> | null> {
    const limit = Math.min(options.limit ?? this.#limits.listEntries, this.#limits.listEntries);
    const after = options.after === undefined ? {} : { last: options.after };
    const entries: T[] = [];
    const asked = new Set<string>();
    let bytesLeft = this.#limits.listBytes;
    let url = server.address.url(list.path, { n: String(Math.min(limit, PAGE_ENTRIES)), ...after });
    const work = this.#turns.begin(options.signal);
    // Some registries lead from the last page to itself, or to one that is not there.
    while (!asked.has(url.href)) {
      asked.add(url.href);
      const page = await readNames(server, url, list, bytesLeft, options, work);
      if (page === null && asked.size === 1) return null;
      if (page === null) break;
      bytesLeft -= page.sizeBytes;
      for (const [index, name] of page.names.entries()) {
        const entry = list.parse(name);
        if (entry !== null) entries.push(entry);
        if (index % STEP_NAMES === 0) await work.rest();
      }
      if (page.next === null) break;
      if (entries.length >= limit || asked.size === PAGE_LIMIT) {
        return { entries: entries.slice(0, limit), isCut: true };
      }
      url = page.next;
    }
    return { entries: entries.slice(0, limit), isCut: entries.length > limit };
  }
}

/** A page of names; null when the list is not there. */
async function readNames(
  server: RegistryServer,
  url: URL,
  { access, key }: Pick<NameList<unknown>, "access" | "key">,
  limitBytes: number,
  { signal, via, requestId }: RequestOptions,
  work: Work,
): Promise<{ readonly names: readonly string[]; readonly next: URL | null; readonly sizeBytes: number } | null> {
  const response = await server.send({ method: "GET", url, access, signal, via, requestId });
  if (response.status === 404) return null;
  insistOnStatus(response, "GET", [200]);
  const what = describeRequest("GET", url);
  const scanner = new StringListScanner(key);
  let sizeBytes = 0;
  const take = async (piece: Uint8Array): Promise<void> => {
    sizeBytes += piece.byteLength;
    for (let at = 0; at < piece.byteLength; at += STEP_BYTES) {
      readPage(() => scanner.push(piece.subarray(at, at + STEP_BYTES)), url);
      await work.rest();
    }
  };
  if (response.body !== null) await readPieces(response.body, { limitBytes, what }, take);
  return { names: readPage(() => scanner.end(), url), next: nextPage(response, url), sizeBytes };
}
