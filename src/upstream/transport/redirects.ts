import { drain } from "./response-body.ts";
import { describeRequest, type HttpRequest, type HttpResponse, type Transport } from "./transport.ts";
import { UpstreamError } from "./upstream-error.ts";

const LONGEST_LOCATION = 16 * 1024;

/**
 * Sends a request and follows the redirects that it is answered with, `limit` at most.
 *
 * `Authorization` goes to the origin that it was made for and to no other, and once dropped stays so. A way from
 * https to http is refused. GET and HEAD follow every redirect; other methods only 307 and 308, which repeat them.
 */
export async function sendFollowing(transport: Transport, request: HttpRequest, limit: number): Promise<HttpResponse> {
  let current = request;
  for (let followed = 0; ; followed += 1) {
    const response = await transport.exchange(current).catch((error: unknown) => {
      throw followed === 0 ? error : elsewhere(error);
    });
    const location = redirectOf(current, response);
    if (location === null) return response;
    await drain(response.body);
    if (followed === limit) {
      throw new UpstreamError(
        { kind: "protocol" },
        `${describeRequest(request.method, request.url)} was redirected more than ${limit} times`,
      );
    }
    const url = resolveLocation(location, current.url);
    current = {
      ...current,
      url,
      headers: url.origin === current.url.origin ? current.headers : anonymous(current.headers),
    };
  }
}

/**
 * The URL that a response's `Location` or `Link` leads to, seen from `base`. Throws a `protocol` failure when it is no
 * http(s) URL, and `refused` when it would leave https. User names and passwords in it are dropped.
 */
export function resolveLocation(location: string, base: URL): URL {
  const url = location.length > LONGEST_LOCATION ? null : URL.parse(location, base.href);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new UpstreamError(
      { kind: "protocol" },
      `${base.origin} sent ${JSON.stringify(location.slice(0, 80))} where a URL was expected`,
    );
  }
  if (base.protocol === "https:" && url.protocol === "http:") {
    throw new UpstreamError(
      { kind: "refused" },
      `${base.origin} leads to ${url.origin}: larder does not go from https to http; a registry behind a proxy has to be told its public scheme`,
    );
  }
  url.username = "";
  url.password = "";
  url.hash = "";
  return url;
}

/**
 * `resolveLocation` for what should stay at the server: a next page, an upload session. A registry behind a proxy that
 * takes TLS off its hands often writes `http://` and its own host there; then https is kept.
 */
export function resolveOwnLocation(location: string, base: URL): URL {
  const url = URL.parse(location, base.href);
  const lostTls =
    url !== null && base.protocol === "https:" && url.protocol === "http:" && url.hostname === base.hostname;
  return resolveLocation(lostTls ? base.origin + url.pathname + url.search : location, base);
}

/** That a host is out of reach says nothing of the registry that led there. */
function elsewhere(error: unknown): unknown {
  if (!(error instanceof UpstreamError) || error.failure.kind !== "unreachable") return error;
  return new UpstreamError({ ...error.failure, isElsewhere: true }, error.message, { cause: error.cause });
}

function redirectOf(request: HttpRequest, response: HttpResponse): string | null {
  const reads = request.method === "GET" || request.method === "HEAD";
  const follows = reads ? [301, 302, 303, 307, 308] : [307, 308];
  return follows.includes(response.status) ? response.headers.get("location") : null;
}

function anonymous(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"));
}
