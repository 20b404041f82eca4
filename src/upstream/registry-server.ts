import type { Clock } from "../lib/async/clock.ts";
import { type Access, NO_ACCESS } from "./auth/access.ts";
import type { Authorization, Authorizer } from "./auth/authorizer.ts";
import { orAborted } from "../lib/async/or-aborted.ts";
import { outgoingVia } from "./loop-mark.ts";
import { Reachability, type ReachabilityState } from "./reachability.ts";
import { type RateLimit, readRateLimit } from "./transport/rate-limit.ts";
import type { Lane } from "./transport/request-lanes.ts";
import { sendFollowing } from "./transport/redirects.ts";
import { drain } from "./transport/response-body.ts";
import type { ServerAddress } from "./server-address.ts";
import { statusFailure } from "./transport/status-failure.ts";
import {
  describeRequest,
  type HttpMethod,
  type HttpResponse,
  type RequestBody,
  type Transport,
} from "./transport/transport.ts";
import { currentSpan } from "../telemetry/traces/current-span.ts";
import { UpstreamError } from "./transport/upstream-error.ts";
import type { UpstreamEvent } from "./upstream-event.ts";
import type { UpstreamLimits } from "./upstream-limits.ts";

/** A request to a server of a registry. `url` is one of the server's address, or that an answer named. */
export type ServerRequest = {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly access: Access;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** What a 404 is: the answer that it is not there (unless given), or a failure. */
  readonly absence?: "answer" | "failure";
  /** May it be sent twice? GET and HEAD always may. */
  readonly repeatable?: boolean;
  readonly lane?: Lane;
  readonly signal?: AbortSignal | undefined;
  readonly via?: string | null | undefined;
  readonly requestId?: string | null | undefined;
};

/** What talking to one server of a registry needs. */
export type RegistryServerOptions = {
  readonly address: ServerAddress;
  readonly transport: Transport;
  readonly authorizer: Authorizer;
  readonly instanceId: string;
  readonly userAgent: string;
  readonly limits: UpstreamLimits;
  readonly clock: Clock;
  readonly observe: (event: UpstreamEvent) => void;
  /** May it be contacted in the background? Null: it is never taken for away, and never tried by itself. */
  readonly mayProbe: (() => boolean) | null;
};

/** One server of a registry, the registry itself or a mirror: authorizes, follows, retries, and makes failures errors. */
export class RegistryServer {
  readonly #options: RegistryServerOptions;
  readonly #reachability: Reachability | null;
  #rateLimit: RateLimit | null = null;

  constructor(options: RegistryServerOptions) {
    this.#options = options;
    const { address, clock, observe, mayProbe } = options;
    const probe = () => this.#attempt(this.#rootRequest({}));
    this.#reachability =
      mayProbe === null
        ? null
        : new Reachability({ host: address.host, probe, mayProbe, elapsed: clock.elapsed, observe });
  }

  /** The allowance that this server spoke of last, null when it never did. */
  get rateLimit(): RateLimit | null {
    return this.#rateLimit;
  }

  /** Can it be reached? */
  get reachability(): ReachabilityState {
    return this.#reachability?.state ?? "reachable";
  }

  get address(): ServerAddress {
    return this.#options.address;
  }

  /**
   * The answer, when its status is below 400 or 404. All else throws: an `UpstreamError`, or the signal's reason. While
   * the server is away, that is at once.
   * The caller reads the answer's body to its end or cancels it.
   */
  async send(request: ServerRequest): Promise<HttpResponse> {
    const repeatable = request.repeatable ?? (request.method === "GET" || request.method === "HEAD");
    for (let attempt = 0; ; attempt += 1) {
      this.#reachability?.assertNotAway();
      try {
        const response = await this.#attempt(request);
        this.#reachability?.note(null);
        return response;
      } catch (error) {
        request.signal?.throwIfAborted();
        this.#reachability?.note(error);
        const mayRepeat = repeatable && attempt < this.#options.limits.retries && this.reachability !== "away";
        const pauseMs = mayRepeat ? this.#pauseAfter(error, attempt) : null;
        this.#reportFailure(request, error, pauseMs !== null);
        if (pauseMs === null) throw error;
        await orAborted(Bun.sleep(pauseMs), request.signal);
      }
    }
  }

  /**
   * Reads what content of this registry names at another place: no authorization goes there, and how it ends says nothing
   * of this server. The answer's status is below 400; all else throws as `send` does, and nothing is tried twice.
   */
  async readElsewhere(
    url: URL,
    request: Pick<ServerRequest, "headers" | "signal" | "requestId">,
  ): Promise<HttpResponse> {
    const whole: ServerRequest = { ...request, method: "GET", url, access: NO_ACCESS, lane: "content" };
    try {
      const response = await this.#sendOnce(whole, null);
      if (response.status < 400) return response;
      throw await statusFailure(response, describeRequest("GET", response.url), this.#options.clock.now());
    } catch (error) {
      request.signal?.throwIfAborted();
      this.#reportFailure(whole, error, false);
      if (!(error instanceof UpstreamError) || error.failure.kind !== "unreachable") throw error;
      throw new UpstreamError({ ...error.failure, isElsewhere: true }, error.message, { cause: error.cause });
    }
  }

  async #attempt(request: ServerRequest): Promise<HttpResponse> {
    const response = await this.#authorized(request);
    if (response.status < 400) return response;
    if (response.status === 404 && request.absence !== "failure") {
      await drain(response.body);
      return { ...response, body: null };
    }
    throw await statusFailure(response, describeRequest(request.method, response.url), this.#options.clock.now());
  }

  /** Sends with what authorization there is; when that is refused once more, with something newer or what is asked for. */
  async #authorized(request: ServerRequest): Promise<HttpResponse> {
    // A session or a page on another host gets no authorization of this one.
    if (request.url.origin !== this.address.origin) return this.#sendOnce(request, null);
    const { authorizer } = this.#options;
    const { access, signal } = request;
    let sent = await authorizer.authorize(access, signal);
    let response = await this.#sendOnce(request, sent.header);
    if (this.#refuses(response, 403) || (this.#refuses(response, 401) && !challenges(response))) {
      // Some registries say so, in a line of text or on a page, when a token has expired.
      const renewed = await authorizer.renew(access, sent, signal);
      sent = renewed ?? { ...sent, isKept: false };
      if (renewed !== null) {
        await drain(response.body);
        response = await this.#sendOnce(request, sent.header);
      }
    }
    if (this.#refuses(response, 401) || (this.#refuses(response, 403) && challenges(response))) {
      const better = await this.#answerTo(response, request, sent);
      if (better === null) return response;
      await drain(response.body);
      return this.#sendOnce(request, better);
    }
    // To one who came without the token that it wants, a registry may as well say that there is nothing.
    if (sent.failure !== null && response.status >= 400) {
      await drain(response.body);
      throw sent.failure.error;
    }
    return response;
  }

  /** What to send instead of what a 401 refused, null when there is nothing; its body is left to the caller. */
  async #answerTo(response: HttpResponse, request: ServerRequest, sent: Authorization): Promise<string | null> {
    try {
      const challenge = response.headers.get("www-authenticate") ?? (await this.#askRootChallenge(request));
      if (challenge === null) return null;
      return await this.#options.authorizer.answer(challenge, request.access, sent, request.signal);
    } catch (error) {
      await drain(response.body);
      throw error;
    }
  }

  #refuses({ status, url }: HttpResponse, refusal: 401 | 403): boolean {
    return status === refusal && url.origin === this.address.origin;
  }

  async #sendOnce(request: ServerRequest, authorization: string | null): Promise<HttpResponse> {
    const { transport, userAgent, instanceId, limits, clock, observe } = this.#options;
    const { requestId = null } = request;
    const headers: Record<string, string> = {
      "user-agent": userAgent,
      "accept-encoding": "identity",
      via: outgoingVia(instanceId, request.via ?? null),
      ...(requestId === null ? {} : { "x-request-id": requestId }),
      ...request.headers,
      ...(authorization === null ? {} : { authorization }),
    };
    const startedMs = clock.elapsed();
    const response = await sendFollowing(transport, { ...request, headers }, limits.redirects);
    const url = response.url.origin + response.url.pathname;
    const [method, status, elapsedMs] = [request.method, response.status, clock.elapsed() - startedMs];
    observe({ kind: "response", method, url, status, elapsedMs, requestId });
    if (response.url.origin === this.address.origin) {
      this.#rateLimit = readRateLimit(response.headers, clock.now()) ?? this.#rateLimit;
    }
    return response;
  }

  /** What `/v2/` challenges with, for the answers that say 401 and nothing else; null when it does not. */
  async #askRootChallenge(request: ServerRequest): Promise<string | null> {
    const root = await this.#sendOnce(this.#rootRequest(request), null);
    await drain(root.body);
    return root.status === 401 ? root.headers.get("www-authenticate") : null;
  }

  #rootRequest({ signal, via, requestId }: Pick<ServerRequest, "signal" | "via" | "requestId">): ServerRequest {
    return { method: "GET", url: this.address.rootUrl(), access: NO_ACCESS, lane: "auth", signal, via, requestId };
  }

  /** The milliseconds to wait before the next attempt; null when another one would not help. */
  #pauseAfter(error: unknown, attempt: number): number | null {
    if (!(error instanceof UpstreamError)) return null;
    const { failure } = error;
    const { retryPauseMs, longestRetryAfterMs } = this.#options.limits;
    switch (failure.kind) {
      case "unreachable":
        return failure.reason === "connection" || failure.reason === "refused" ? retryPauseMs * 2 ** attempt : null;
      case "server-error":
        return failure.status === 501 ? null : retryPauseMs * 2 ** attempt;
      case "rate-limited": {
        const waitMs = failure.retryAfterSeconds === null ? null : failure.retryAfterSeconds * 1000;
        return waitMs !== null && waitMs <= longestRetryAfterMs ? Math.max(waitMs, retryPauseMs) : null;
      }
      default:
        return null;
    }
  }

  #reportFailure(request: ServerRequest, cause: unknown, retried: boolean): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const url = request.url.origin + request.url.pathname;
    currentSpan()?.note("upstream failed", { url, message: error.message, retried });
    this.#options.observe({
      kind: "failure",
      method: request.method,
      url,
      error,
      retried,
      requestId: request.requestId ?? null,
    });
  }
}

/** Does a refusal say what it wants? */
function challenges({ headers }: HttpResponse): boolean {
  return headers.has("www-authenticate");
}
