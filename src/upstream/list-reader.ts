import * as v from "valibot";
import type { Access } from "./auth/access.ts";
import { type RepositoryPath, tryParseRepositoryPath } from "../oci/repository-name.ts";
import { type Tag, tryParseTag } from "../oci/tag.ts";
import { resolveOwnLocation } from "./transport/redirects.ts";
import type { ListOptions, RequestOptions, TagSource } from "./registry-client.ts";
import type { RegistryServer } from "./registry-server.ts";
import { readWhole } from "./transport/response-body.ts";
import type { ServerPool } from "./server-pool.ts";
import { insistOnStatus } from "./transport/status-failure.ts";
import { describeRequest } from "./transport/transport.ts";
import { UpstreamError } from "./transport/upstream-error.ts";

const PAGE_BYTES = 4 * 1024 * 1024;
/** What distribution gives out at most. */
const PAGE_ENTRIES = 1000;
const PAGE_LIMIT = 1000;

const tagsPage = v.object({ tags: v.nullish(v.array(v.string()), []) });
const catalogPage = v.object({ repositories: v.nullish(v.array(v.string()), []) });

/** The lists of tags and repositories, over all of their pages. */
export class ListReader implements TagSource {
  readonly #pool: ServerPool;
  readonly #listEntries: number;

  constructor(pool: ServerPool, limits: { readonly listEntries: number }) {
    this.#pool = pool;
    this.#listEntries = limits.listEntries;
  }

  listTags(path: RepositoryPath, options: ListOptions = {}): Promise<readonly Tag[] | null> {
    return this.#pool.readList(async (server) => {
      const access = { path, actions: "pull" } as const;
      const names = await this.#collect(server, `/${path}/tags/list`, access, options, (json) => {
        return v.parse(tagsPage, json).tags;
      });
      // A name that is no tag could not be asked for; leave it out.
      return names?.map(tryParseTag).filter((tag) => tag !== null) ?? null;
    }, options.signal);
  }

  async listRepositories(options: ListOptions = {}): Promise<readonly RepositoryPath[] | null> {
    try {
      return await this.#pool.readList(async (server) => {
        const access = { path: null, actions: "catalog" } as const;
        const names = await this.#collect(server, "/_catalog", access, options, (json) => {
          return v.parse(catalogPage, json).repositories;
        });
        return (
          names
            ?.map((name) => tryParseRepositoryPath(server.address.nameOf(name) ?? ""))
            .filter((path) => path !== null) ?? null
        );
      }, options.signal);
    } catch (error) {
      if (hasNoSuchEndpoint(error)) return null;
      throw error;
    }
  }

  async #collect(
    server: RegistryServer,
    path: string,
    access: Access,
    options: ListOptions,
    read: (json: unknown) => readonly string[],
  ): Promise<readonly string[] | null> {
    const limit = Math.min(options.limit ?? this.#listEntries, this.#listEntries);
    const names: string[] = [];
    const first = {
      n: String(Math.min(limit, PAGE_ENTRIES)),
      ...(options.after === undefined ? {} : { last: options.after }),
    };
    let url: URL | null = server.address.url(path, first);
    for (let page = 0; url !== null && page < PAGE_LIMIT && names.length < limit; page += 1) {
      const fetched = await fetchPage(server, url, access, options);
      if (fetched === null) return page === 0 ? null : names;
      for (const name of readPage(() => read(JSON.parse(new TextDecoder().decode(fetched.bytes))), url))
        names.push(name);
      url = fetched.next;
    }
    return names.slice(0, limit);
  }
}

/** A page of a list, and where the next one is (null: nowhere). */
export type ListPage = { readonly bytes: Uint8Array; readonly contentType: string | null; readonly next: URL | null };

/** The page of a list at `url`; null when the list is not there. */
export async function fetchPage(
  server: RegistryServer,
  url: URL,
  access: Access,
  { signal, via, requestId }: RequestOptions,
): Promise<ListPage | null> {
  const response = await server.send({ method: "GET", url, access, signal, via, requestId });
  if (response.status === 404) return null;
  insistOnStatus(response, "GET", [200]);
  const what = describeRequest("GET", url);
  const bytes = await readWhole(response.body, PAGE_BYTES, what);
  const link = nextLink(response.headers.get("link"));
  const next = link === null ? null : resolveOwnLocation(link, url);
  if (next !== null && next.origin !== url.origin) {
    throw new UpstreamError({ kind: "protocol" }, `${what} continues at another server, ${next.origin}`);
  }
  return { bytes, contentType: response.headers.get("content-type"), next };
}

/** What `read` makes of the page at `url`; a `protocol` failure when it cannot. */
export function readPage<T>(read: () => T, url: URL): T {
  try {
    return read();
  } catch (cause) {
    const what = describeRequest("GET", url);
    throw new UpstreamError({ kind: "protocol" }, `${what} sent a list of another shape than expected`, { cause });
  }
}

/** Is this how registries say that they do not have this list: 400, 405, 406 or 501, beside 404? */
export function hasNoSuchEndpoint(error: unknown): boolean {
  if (!(error instanceof UpstreamError)) return false;
  const { failure } = error;
  if (failure.kind === "server-error") return failure.status === 501;
  return failure.kind === "rejected" && [400, 405, 406].includes(failure.status);
}

const HEADER_LIMIT = 16 * 1024;
const LINK = /<([^<>]*)>((?:[^,"<]|"(?:[^"\\]|\\[^])*")*)/g;
const RELATION = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i;

/**
 * The target of the first link with the relation `next`, as it is written: `/v2/_catalog?n=100&last=x`.
 * Null when there is none. Source: RFC 8288, section 3; distribution-spec v1.1.1, "Content Discovery".
 */
export function nextLink(header: string | null): string | null {
  if (header === null || header.length > HEADER_LIMIT) return null;
  for (const [, target, parameters] of header.matchAll(LINK)) {
    const relation = RELATION.exec(parameters ?? "");
    const names = (relation?.[1] ?? relation?.[2] ?? "").toLowerCase().split(/\s+/);
    if (target !== undefined && names.includes("next")) return target;
  }
  return null;
}
