import type { StoredFetchImage } from "../../storage/fetch-jobs.ts";
import type { EventCause } from "../../storage/events.ts";
import type { MayPull } from "../names/search-order.ts";

/** Who has a job done, and what they may pull from; undefined: everything. */
export type FetchAsker = EventCause & { readonly mayPull?: MayPull };

/** Where an image of a job stands: what became of it, or that it is on its way, or waits for its registry. */
type FetchState = StoredFetchImage["outcome"] | "fetching" | "paused";

/** An image of a job as it stands. */
export type JobImage = Omit<StoredFetchImage, "outcome"> & {
  /** Its place in the list. */
  readonly index: number;
  readonly state: FetchState;
  /** What it has in all; null: not known yet. */
  readonly sizeBytes: number | null;
  /** When its registry is asked again; null: it is not `paused`. */
  readonly untilMs: number | null;
  /** The job's revision of the last change. */
  readonly revision: number;
};

/** A job that is being done. Each change has a number, so that who watches asks for what is new alone. */
export class FetchJob {
  readonly id: string;
  readonly title: string | null;
  readonly startedAtMs: number;
  readonly asker: FetchAsker;
  /** Ends it. */
  readonly cancellation = new AbortController();
  revision = 1;
  readonly #images: JobImage[];
  readonly #noted: () => void;
  #nextWaiting = 0;

  /** `noted` is called with each change. */
  constructor(
    of: Pick<FetchJob, "id" | "title" | "startedAtMs" | "asker">,
    images: readonly StoredFetchImage[],
    noted: () => void,
  ) {
    this.#noted = noted;
    this.id = of.id;
    this.title = of.title;
    this.startedAtMs = of.startedAtMs;
    this.asker = of.asker;
    this.#images = images.map((image, index) => ({ ...jobImage(image, index), revision: 1 }));
  }

  get images(): readonly JobImage[] {
    return this.#images;
  }

  /** Has something become of every image? */
  get isDone(): boolean {
    return this.#images.every(({ state }) => !["waiting", "fetching", "paused"].includes(state));
  }

  /** Notes where an image stands. */
  note(index: number, change: Partial<JobImage>): void {
    const image = this.#images[index];
    if (image === undefined) return;
    this.#images[index] = { ...image, ...change, revision: ++this.revision };
    this.#noted();
  }

  /** The next image that waits and may be asked for now; null: none. */
  next(isPaused: (image: string) => boolean): number | null {
    while (this.#images[this.#nextWaiting]?.state === "brought") this.#nextWaiting++;
    for (let index = this.#nextWaiting; index < this.#images.length; index++) {
      const image = this.#images[index];
      if (image === undefined || (image.state !== "waiting" && image.state !== "paused")) continue;
      if (!isPaused(image.image)) return index;
    }
    return null;
  }

  /** As it is written down: what is on its way waits. */
  stored(): readonly StoredFetchImage[] {
    return this.#images.map(({ image, platforms, state, bytes, reason }) => {
      const outcome = state === "fetching" || state === "paused" ? "waiting" : state;
      return { image, platforms, outcome, bytes, reason };
    });
  }
}

/** An image of a job that is written down, as it stands. */
export function jobImage({ outcome, ...image }: StoredFetchImage, index: number): JobImage {
  return { ...image, index, state: outcome, sizeBytes: null, untilMs: null, revision: 0 };
}
