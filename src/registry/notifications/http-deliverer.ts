import { createHmac } from "node:crypto";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import type { HttpResponse, Transport } from "../../upstream/transport/transport.ts";
import type { Attempt, Deliverer } from "./attempt.ts";
import type { NotificationEndpoint } from "./endpoint.ts";
import type { Message } from "./message.ts";

/** Redirects to another path of the same server that are followed. */
const MOST_REDIRECTS = 3;
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/** Delivers by POST. 2xx takes a notification, as everything below 400 but redirects to elsewhere does. */
export class HttpDeliverer implements Deliverer {
  readonly #endpoint: NotificationEndpoint;
  readonly #secret: string | null;
  readonly #transport: Pick<Transport, "exchange">;
  readonly #userAgent: string;

  constructor(
    endpoint: NotificationEndpoint,
    secret: string | null,
    transport: Pick<Transport, "exchange">,
    userAgent: string,
  ) {
    this.#endpoint = endpoint;
    this.#secret = secret;
    this.#transport = transport;
    this.#userAgent = userAgent;
  }

  async deliver(message: Message, signal: AbortSignal): Promise<Attempt> {
    const { timeoutMs } = this.#endpoint;
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      return await this.#send(message, AbortSignal.any([signal, limit]));
    } catch (error) {
      const late = limit.aborted ? `it did not answer within ${timeoutMs} ms` : null;
      return { kind: "failed", failure: late ?? describeFailure(error), why: "away", retryAfterMs: null };
    }
  }

  async #send(message: Message, signal: AbortSignal): Promise<Attempt> {
    let url = new URL(this.#endpoint.url);
    const headers = this.#headersOf(message, url);
    url.username = "";
    url.password = "";
    const bytes = new TextEncoder().encode(message.body);
    const body = { sizeBytes: bytes.byteLength, open: () => Promise.resolve(bytes) };
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#transport.exchange({ method: "POST", url, headers, body, signal });
      // What it says besides its status is of no use, and of any size.
      await answer.body?.cancel().catch(() => {});
      const next = redirects < MOST_REDIRECTS ? redirectOf(answer) : null;
      if (next === null) return judge(answer);
      url = next;
    }
  }

  #headersOf({ contentType, body }: Message, { username, password }: URL): Record<string, string> {
    const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const basic = user === ":" ? {} : { Authorization: `Basic ${Buffer.from(user).toString("base64")}` };
    const signature =
      this.#secret === null
        ? {}
        : {
            [this.#endpoint.signatureHeader]: `sha256=${createHmac("sha256", this.#secret).update(body).digest("hex")}`,
          };
    const own = { "User-Agent": this.#userAgent, Accept: "*/*", ...basic, ...this.#endpoint.headers };
    return { ...own, "Content-Type": contentType, ...signature };
  }
}

/** Where to send the same again, on the same server; null: nowhere. */
function redirectOf({ status, headers, url }: HttpResponse): URL | null {
  const location = headers.get("location");
  if ((status !== 307 && status !== 308) || location === null) return null;
  const next = URL.parse(location, url.href);
  return next?.origin === url.origin ? next : null;
}

function judge({ status, headers }: HttpResponse): Attempt {
  const isRedirect = status >= 300 && status < 400 && headers.has("location");
  if (status >= 200 && status < 400 && !isRedirect) return { kind: "taken" };
  const failure = isRedirect
    ? `it answered ${status}, a redirect, which is followed on the same server alone: write the URL where it leads`
    : `it answered ${status}`;
  return { kind: "failed", failure, why: whyOf(status), retryAfterMs: retryAfterOf(headers.get("retry-after")) };
}

/** Of bodies alone speak the statuses that are about them: what is missing, forbidden or overloaded is so for all. */
function whyOf(status: number): "refused" | "broken" | "away" {
  if ([400, 409, 410, 411, 413, 414, 415, 422, 431].includes(status)) return "refused";
  return status >= 500 && ![502, 503, 504, 507].includes(status) ? "broken" : "away";
}

function retryAfterOf(header: string | null): number | null {
  const seconds = header === null || !/^\d{1,9}$/.test(header.trim()) ? null : Number(header);
  return seconds === null ? null : Math.min(LONGEST_RETRY_AFTER_MS, seconds * 1000);
}
