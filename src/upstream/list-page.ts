import type { Access } from "./auth/access.ts";
import { resolveOwnLocation } from "./transport/redirects.ts";
import type { RequestOptions } from "./registry-client.ts";
import type { RegistryServer } from "./registry-server.ts";
import { readWhole } from "./transport/response-body.ts";
import { insistOnStatus } from "./transport/status-failure.ts";
import { describeRequest, type HttpResponse } from "./transport/transport.ts";
import { UpstreamError } from "./transport/upstream-error.ts";

const PAGE_BYTES = 4 * 1024 * 1024;

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
  return { bytes, contentType: response.headers.get("content-type"), next: nextPage(response, url) };
}

/** Where a list that was asked for at `url` goes on: at that server, or at the one that it led to. */
export function nextPage(response: HttpResponse, url: URL): URL | null {
  const link = nextLink(response.headers.get("link"));
  const next = link === null ? null : resolveOwnLocation(link, response.url);
  if (next === null || next.origin === response.url.origin || next.origin === url.origin) return next;
  const what = describeRequest("GET", url);
  throw new UpstreamError({ kind: "protocol" }, `${what} continues at another server, ${next.origin}`);
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
