import { addClause } from "../../lib/text/add-clause.ts";
import type { Work } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import { ImageBounds } from "../../oci/image-bounds.ts";
import type { PullContext } from "../pull/origin.ts";

/** After this, nothing more is fetched for one push; the next one goes on from what came. */
const TIME_LIMIT_MS = 3_600_000;
/** Digests that a message names before it only counts the others, and those that its detail has. */
const NAMED = 10;
const DETAILED = 1000;

/** Hands back what a question to upstream comes to; null, having noted why, when upstream cannot be asked. */
type Note = <T>(asked: Promise<T>) => Promise<T | null>;

/** The state of one manifest's push: what it names, what has been found of that, and the push's bounds. */
export class PushProgress {
  readonly context: PullContext;
  /** What is done for the push here, in turns. */
  readonly work: Work;
  readonly bounds = new ImageBounds();
  /** What is nowhere: neither here nor at an upstream. */
  readonly missing = new Set<Digest>();
  /** The manifests that were looked at: does the repository hold them now? */
  readonly stored = new Map<Digest, boolean>();
  readonly #repository: RepositoryName;
  readonly #acceptSparse: boolean;
  readonly #now: () => number;
  readonly #untilMs: number;
  #failure: UpstreamError | null = null;

  constructor(repository: RepositoryName, acceptSparse: boolean, context: PullContext, work: Work, now: () => number) {
    this.#repository = repository;
    this.#acceptSparse = acceptSparse;
    this.context = context;
    this.work = work;
    this.#now = now;
    this.#untilMs = now() + TIME_LIMIT_MS;
  }

  /** Is so much missing, with `more`, that the push will be refused and the refusal tells no more of it? */
  isHopeless(more: number): boolean {
    return !this.#acceptSparse && this.missing.size + more > DETAILED;
  }

  /**
   * Asks upstream for what is not here: what `work` finds, null when it is nowhere. Throws the failure of an upstream
   * that might have it. Where manifests may be sparse it is left out instead, and upstream is not asked again.
   */
  async ask<T>(digest: Digest, work: (note: Note) => Promise<T | null>): Promise<T | null> {
    if (this.#acceptSparse && this.#failure !== null) return null;
    if (this.#now() > this.#untilMs) throw new RegistryError("UNAVAILABLE", this.#unfinished(digest));
    let failure: UpstreamError | null = null;
    const found = await work((asked) =>
      asked.catch((error: unknown) => {
        if (!(error instanceof UpstreamError)) throw error;
        failure ??= error;
        return null;
      }),
    );
    if (found !== null || failure === null) return found;
    this.#failure ??= failure;
    if (this.#acceptSparse || isAbsence(failure)) return null;
    throw this.#unfetched(digest, failure);
  }

  /** The error for what is nowhere. */
  missingParts(): RegistryError {
    const digests = [...this.missing];
    const named = digests.slice(0, NAMED).join(", ");
    const more =
      digests.length > NAMED ? ` and ${digests.length - NAMED} more${this.isHopeless(0) ? " at least" : ""}` : "";
    const why = this.#failure === null ? "" : ` (${this.#failure.message})`;
    return new RegistryError(
      "MANIFEST_BLOB_UNKNOWN",
      `the manifest names ${digests.length} blob(s) or manifest(s) that ${this.#repository} does not hold and that are not to be had elsewhere${why}: ${named}${more}; push them first`,
      { detail: digests.slice(0, DETAILED).map((digest) => ({ digest })) },
    );
  }

  #unfetched(digest: Digest, cause: UpstreamError): RegistryError {
    const message = `the manifest names ${digest}, which is not here and could not be fetched: ${addClause(cause.message, "push it, or push the manifest again later")}`;
    return new RegistryError(cause.code, message, { detail: { digest }, cause });
  }

  #unfinished(digest: Digest): string {
    return `what the manifest names takes too long to fetch; ${digest} is one that is still to come: push the manifest again`;
  }
}

/** Registries answer "unauthorized" for what they do not have. */
function isAbsence({ failure }: UpstreamError): boolean {
  return failure.kind === "unauthorized";
}
