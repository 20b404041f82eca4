import { clientAddress } from "../access/proxy-headers.ts";
import type { Exchange } from "../http/exchange.ts";
import type { RequestObserver } from "../http/request-observer.ts";
import type { IpNetwork } from "../lib/net/ip-network.ts";
import type { Tag } from "../oci/tag.ts";
import type { Recordings } from "../registry/recordings/recordings.ts";

/** Has pulls of manifests noted in the recordings that run; it costs nothing where none does. */
export class PullRecorder implements RequestObserver {
  readonly #recordings: Recordings;
  readonly #trustedProxies: () => readonly IpNetwork[];
  readonly #now: () => number;

  constructor(recordings: Recordings, trustedProxies: () => readonly IpNetwork[], now: () => number) {
    this.#recordings = recordings;
    this.#trustedProxies = trustedProxies;
    this.#now = now;
  }

  get asksForClient(): boolean {
    return this.#recordings.isRunning;
  }

  answered(exchange: Exchange, status: number): void {
    if (!this.#recordings.isRunning) return;
    const { served, pulledFrom, reference, fault } = exchange.record;
    if (pulledFrom === null || served?.bytes === undefined || status >= 400 || fault !== null) return;
    // A colon is in every digest and in no tag.
    const tag = reference?.includes(":") === true ? null : (reference as Tag);
    if (!this.#recordings.wants(pulledFrom, tag, served.digest)) return;
    const remote = exchange.remote();
    const from = remote === null ? null : clientAddress(exchange.request.headers, remote, this.#trustedProxies());
    const { digest, mediaType, bytes } = served;
    const manifest = { digest, mediaType, bytes };
    this.#recordings.note({ repository: pulledFrom, tag, manifest, atMs: this.#now(), who: exchange.who, from });
  }
}
