import type { Exchange } from "../http/exchange.ts";
import type { RequestObserver } from "../http/request-observer.ts";
import { nameOf } from "../oci/repository.ts";
import { causeOf, noticeOf } from "../registry/notifications/notice.ts";
import type { Notifications } from "../registry/notifications/notifications.ts";

/** Notes which manifests and blobs were pulled, where somebody wants to be told of it; it costs nothing where nobody does. */
export class PullObserver implements RequestObserver {
  readonly #notifications: Notifications;
  readonly #now: () => number;

  constructor(notifications: Notifications, now: () => number) {
    this.#notifications = notifications;
    this.#now = now;
  }

  get asksForClient(): boolean {
    return this.#notifications.wantsPulls;
  }

  answered(exchange: Exchange, status: number): void {
    if (!this.#notifications.wantsPulls) return;
    const { served, repository, reference, route, fault, hasLeft } = exchange.record;
    if (served === null || repository === null || status >= 400 || fault !== null || hasLeft) return;
    const isBlob = route === "blob";
    this.#notifications.notePull(
      noticeOf({
        kind: "pull",
        atMs: this.#now(),
        isBlob,
        repository: nameOf(repository),
        // A colon is in every digest and in no tag.
        tag: isBlob || reference?.includes(":") === true ? null : reference,
        digest: served.digest,
        mediaType: served.mediaType,
        contentBytes: served.bytes?.byteLength ?? served.sizeBytes ?? null,
        ...causeOf(exchange),
      }),
    );
  }
}
