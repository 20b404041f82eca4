import type { RepositoryName } from "../../oci/repository-name.ts";
import { repositoryOf } from "../../oci/repository.ts";
import type { LiveNews } from "../../registry/live/live-feed.ts";
import { firstText, HEARTBEAT } from "./event-text.ts";
import type { Standing, Watcher } from "./standing.ts";

/** A client that has so much to read yet is cut off: it comes back, and goes on from what it had. */
const LAG_BYTES = 256 * 1024;
/** Whoever's rights have to be looked up is told of so much at once at most. */
const MOST_PENDING = 1000;
/** So many repositories are remembered of which it is known whether they may be seen. */
const MOST_REMEMBERED = 1000;

/** Writes news for somebody. The same bytes for all who may see the same. */
type NewsWriter = (news: LiveNews, standing: Standing) => Uint8Array | null;

/** What a stream needs of those that it is among. */
export type LiveStreamOptions = {
  readonly watcher: Watcher;
  readonly standing: Standing;
  readonly write: NewsWriter;
  /** Called once, however it ends. */
  readonly ended: () => void;
};

/** One open answer that tells of what happens. It is written to as things happen, and reads nothing. */
export class LiveStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly watcher: Watcher;
  readonly #options: LiveStreamOptions;
  #standing: Standing;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #pending: LiveNews[] = [];
  #isSifting = false;
  #isLooking = false;
  #sawTransfers = false;
  readonly #seen = new Map<RepositoryName, boolean>();

  constructor(options: LiveStreamOptions, lastEventId: number) {
    this.watcher = options.watcher;
    this.#options = options;
    this.#standing = options.standing;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: LAG_BYTES }),
    );
    this.#send(firstText(lastEventId));
  }

  /** Has it ended? */
  get isEnded(): boolean {
    return this.#controller === null;
  }

  /** Tells news, in their order; what the client may not see is left out. */
  tell(news: LiveNews): void {
    if (this.#controller === null) return;
    if (this.#pending.length === 0 && !this.#isSifting && this.#standing.mayPull === undefined)
      return this.#write(news);
    if (this.#pending.length >= MOST_PENDING) this.#pending = [{ kind: "changed", what: "everything" }];
    this.#pending.push(news);
    if (!this.#isSifting) void this.#sift();
  }

  /** Shows that the stream is alive. */
  beat(): void {
    this.#send(HEARTBEAT);
  }

  /** Looks again at what the client may see; ends the stream of who may see nothing any more. Never fails. */
  async lookAgain(): Promise<void> {
    if (this.#isLooking || this.#controller === null) return;
    this.#isLooking = true;
    // For whatever reason it cannot be told who they are: whoever comes back is told why.
    const standing = await this.watcher.look().catch(() => null);
    this.#isLooking = false;
    this.#seen.clear();
    if (standing === null) this.close();
    else {
      // What they were told of without a look at it has to go.
      if (this.#standing.mayPull === undefined) this.#sawTransfers = true;
      this.#standing = standing;
    }
  }

  /** Ends it: whoever wants to know more comes back. */
  close(): void {
    const controller = this.#controller;
    this.#end();
    controller?.close();
  }

  async #sift(): Promise<void> {
    this.#isSifting = true;
    for (let news = this.#pending.shift(); news !== undefined; news = this.#pending.shift()) {
      const seen = await this.#seenOf(news);
      if (seen !== null) this.#write(seen);
    }
    this.#isSifting = false;
  }

  /** What of the news the client may see; null: nothing. */
  async #seenOf(news: LiveNews): Promise<LiveNews | null> {
    if (news.kind === "happened") return (await this.#maySee(news.event.repository)) ? news : null;
    if (news.kind !== "transfers") return news;
    const seen = [];
    for (const one of news.transfers) if (await this.#maySee(one.repository)) seen.push(one);
    // How much more others have under way is nothing for this one, nor that they have.
    const isNews = seen.length > 0 || this.#sawTransfers;
    this.#sawTransfers = seen.length > 0;
    return isNews ? { ...news, transfers: seen, more: 0 } : null;
  }

  async #maySee(repository: RepositoryName | null): Promise<boolean> {
    const standing = this.#standing;
    const { mayPull, isAdministrator } = standing;
    // What is about no repository may be about any.
    if (repository === null || mayPull === undefined) return isAdministrator || mayPull === undefined;
    const known = this.#seen.get(repository);
    if (known !== undefined) return known;
    const may = await Promise.resolve(mayPull(repositoryOf(repository))).catch(() => false);
    // What they may has been looked at anew meanwhile.
    if (standing !== this.#standing) return this.#maySee(repository);
    if (this.#seen.size >= MOST_REMEMBERED) this.#seen.clear();
    this.#seen.set(repository, may);
    return may;
  }

  #write(news: LiveNews): void {
    const text = this.#options.write(news, this.#standing);
    if (text !== null) this.#send(text);
  }

  #send(text: Uint8Array): void {
    const controller = this.#controller;
    if (controller === null) return;
    controller.enqueue(text);
    if ((controller.desiredSize ?? 0) >= 0) return;
    this.#end();
    controller.error(new Error("the client reads more slowly than things happen"));
  }

  #end(): void {
    if (this.#controller === null) return;
    this.#controller = null;
    this.#pending = [];
    this.#options.ended();
  }
}
