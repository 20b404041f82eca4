import { type FetchProgress, PAGE_LIMIT } from "../admin/image-schemas.ts";
import { knownCode } from "../admin/problem.ts";
import type { AdminClient } from "../admin/admin-client.ts";
import type { CopyEvent } from "../images/copy/copy-image.ts";
import type { Digest } from "../oci/digest.ts";
import { formatSelection, type PlatformSelection } from "../oci/platform-selection.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Namespace } from "../oci/repository-name.ts";
import type { RegistryClient } from "../upstream/registry-client.ts";
import type { CommandIo } from "../lib/command/command-io.ts";
import type { BroughtImage, ImageDetails, ImageOrder, ImageRegistry, ImageRow, ImageState } from "./image-registry.ts";

/** Images in one question; larder answers 5,000 at most. */
const QUESTION_IMAGES = 1000;
/** These say that larder could not get the image; then this machine may. Others say that the image is wrong. */
const TRY_FROM_HERE: ReadonlySet<string> = new Set([
  "UPSTREAM_UNAVAILABLE",
  "LOOP_DETECTED",
  "TOOMANYREQUESTS",
  "DENIED",
]);

type LarderPlace = {
  readonly host: string;
  readonly larder: AdminClient;
  readonly unqualified: readonly Namespace[];
};

/** A larder, by its admin API. */
export class LarderImages implements ImageRegistry {
  readonly host: string;
  readonly goesOnAlone = true;
  readonly unqualified: readonly Namespace[];
  readonly #larder: AdminClient;
  readonly #openClient: () => Promise<RegistryClient>;
  readonly #io: CommandIo;

  /** `unqualified` is what the larder says; `openClient` connects to the same larder as a registry, which is seldom needed and takes long to load. */
  constructor({ host, larder, unqualified }: LarderPlace, openClient: () => Promise<RegistryClient>, io: CommandIo) {
    this.host = host;
    this.unqualified = unqualified;
    this.#larder = larder;
    this.#openClient = openClient;
    this.#io = io;
  }

  async list(text: string, sort: ImageOrder = "name"): Promise<readonly ImageRow[]> {
    const rows: ImageRow[] = [];
    const order = sort === "name" ? {} : ({ sort, order: "desc" } as const);
    const search = { ...(text === "" ? {} : { search: text }), ...order };
    for (let after: string | undefined; ; ) {
      const page = await this.#larder.call("listImages", { ...search, limit: PAGE_LIMIT, after });
      // A larder of version 0.1 lists all that it has.
      rows.push(...page.images.filter(({ name }) => name.includes(text)));
      if (page.next === null) return rows;
      after = page.next;
    }
  }

  inspect(reference: Reference): Promise<ImageDetails | null> {
    return unlessAbsent(this.#larder.call("getImage", { image: formatReference(reference) }));
  }

  async check(references: readonly Reference[], selection: PlatformSelection): Promise<readonly ImageState[]> {
    const platforms = formatSelection(selection);
    const states: ImageState[] = [];
    while (states.length < references.length) {
      const some = references.slice(states.length, states.length + QUESTION_IMAGES);
      const asked = some.map((reference) => ({ image: formatReference(reference), platforms }));
      const { images } = await this.#larder.call("checkImages", { images: asked });
      if (images.length === 0) throw new RegistryError("UNKNOWN", `${this.host} does not say what it has`);
      for (const { missingBytes: _, ...state } of images) states.push(state);
    }
    return states;
  }

  async remove(reference: Reference, isForced = false): Promise<{ readonly note: string } | null> {
    const image = formatReference(reference);
    const request = isForced ? ({ image, force: "true" } as const) : { image };
    const removal = await unlessAbsent(this.#larder.call("removeImage", request));
    if (removal === null) return null;
    return { note: removal.uncovered ? "the cached one of that name answers again" : "" };
  }

  /** Larder fetches it; when it cannot reach the image's registry, it is copied from here. */
  async bring(
    reference: Reference,
    selection: PlatformSelection,
    observe: (event: CopyEvent) => void,
  ): Promise<BroughtImage> {
    try {
      return await this.#fetch(reference, selection, observe);
    } catch (error) {
      if (!(error instanceof RegistryError) || !TRY_FROM_HERE.has(error.code)) throw error;
      return this.#copyFromHere(reference, selection, observe, error);
    }
  }

  async #fetch(
    reference: Reference,
    selection: PlatformSelection,
    observe: (event: CopyEvent) => void,
  ): Promise<BroughtImage> {
    const image = formatReference(reference);
    let brought: BroughtImage = { digest: null, fetchedBytes: 0, warning: null };
    for await (const event of this.#larder.lines("fetchImage", { image, platforms: formatSelection(selection) })) {
      if (event.kind === "done") return brought;
      if (event.kind === "failed") throw new RegistryError(knownCode(event.code), event.message);
      if (event.kind === "resolved") brought = { ...brought, digest: event.digest, warning: event.warning };
      if (event.kind === "warning") brought = { ...brought, warning: joined(brought.warning, event.message) };
      if (event.kind === "fetched") brought = { ...brought, fetchedBytes: brought.fetchedBytes + event.sizeBytes };
      const seen = toCopyEvent(event);
      if (seen !== null) observe(seen);
    }
    throw new RegistryError("UNAVAILABLE", "larder broke off before the image was there; its log says why");
  }

  /** Larder's own failure is what counts when this machine cannot get the image either. */
  async #copyFromHere(
    reference: Reference,
    selection: PlatformSelection,
    observe: (event: CopyEvent) => void,
    why: RegistryError,
  ): Promise<BroughtImage> {
    const { copyIntoLarder } = await import("./copy-into-larder.ts");
    try {
      const client = await this.#openClient();
      const { warnings, ...copied } = await copyIntoLarder(
        reference,
        this.#larder,
        client,
        selection,
        observe,
        this.#io,
      );
      const warning = `it was copied from here, since larder could not fetch it (${why.message})`;
      return { ...copied, warning: [warning, ...warnings].join("; ") };
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      throw new RegistryError(why.code, `${why.message}; and from here: ${error.message}`, { cause: error });
    }
  }
}

function joined(before: string | null, more: string): string {
  return before === null ? more : `${before}; ${more}`;
}

/** What was asked for; null when larder says that there is no such image. */
async function unlessAbsent<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RegistryError && error.code === "MANIFEST_UNKNOWN") return null;
    throw error;
  }
}

function toCopyEvent(event: FetchProgress): CopyEvent | null {
  switch (event.kind) {
    case "blob":
      if (event.state === "present") return null;
      return { kind: "blob-begins", digest: event.digest as Digest, sizeBytes: event.sizeBytes };
    case "progress":
      return { kind: "blob-bytes", digest: event.digest as Digest, doneBytes: event.doneBytes };
    case "fetched":
      return { kind: "blob-ends", digest: event.digest as Digest, outcome: "copied" };
    default:
      return null;
  }
}
