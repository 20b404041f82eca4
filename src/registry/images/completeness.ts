import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import type { PlatformSelection } from "../../oci/platform-selection.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { StoredManifest } from "../../storage/metadata.ts";
import type { ImageVisit } from "./image-visit.ts";

/** Whether an image is whole on disk, and how much of it is missing. */
export type CompletenessReport = {
  readonly state: "whole" | "absent" | "incomplete";
  /** What a whole image would need, the first ones; empty when the tag itself is absent. */
  readonly missing: readonly Digest[];
  readonly missingCount: number;
  /** What is missing of it, as far as its manifests here tell; null when the tag itself is absent. */
  readonly missingBytes: number | null;
  /** A sentence for people; null when it is whole. */
  readonly reason: string | null;
};

/**
 * Checks that the selected manifests of an image, and all blobs that they name, are on disk at their sizes. `root` is
 * here.
 */
export async function checkCompleteness(
  visit: ImageVisit,
  root: StoredManifest,
  selection: PlatformSelection,
): Promise<CompletenessReport> {
  const missing = new MissingParts();
  const incomplete = (reason: string) =>
    ({
      state: "incomplete",
      missing: missing.named,
      missingCount: missing.count,
      missingBytes: missing.bytes,
      reason,
    }) as const;
  try {
    for await (const step of visit.walk(root, selection)) {
      if (step.kind === "missing") missing.add(step.listed);
      else {
        const lacking = await visit.lacking(step.blobs);
        for (const blob of step.blobs) if (lacking.has(blob.digest)) missing.add(blob);
      }
    }
  } catch (error) {
    // A platform that the index does not list, or no image at all: as far as that client is concerned there is none.
    if (!(error instanceof RegistryError)) throw error;
    return incomplete(error.message);
  }
  if (missing.count > 0) return incomplete(missing.toString());
  return { state: "whole", missing: [], missingCount: 0, missingBytes: 0, reason: null };
}

/** Digests that are named; the others are counted. */
const NAMED = 10;
/** Digests that a sentence names. */
const IN_SENTENCE = 3;
/** So many are told apart; those beyond count as often as they come. */
const DISTINCT = 10_000;

/** What is missing of an image: each part once, the first ones by name. */
class MissingParts {
  readonly #distinct = new Set<Digest>();
  #more = 0;
  #bytes = 0;

  add({ digest, size }: Pick<Descriptor, "digest" | "size">): void {
    if (this.#distinct.has(digest)) return;
    // A manifest may say any number; sizes that no sum can hold say nothing.
    this.#bytes = Math.min(Number.MAX_SAFE_INTEGER, this.#bytes + size);
    if (this.#distinct.size < DISTINCT) this.#distinct.add(digest);
    else this.#more++;
  }

  /** What they have in all. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#distinct.size + this.#more;
  }

  /** The first ones. */
  get named(): readonly Digest[] {
    return this.#first(NAMED);
  }

  /** A sentence for people. */
  toString(): string {
    const more = this.count > IN_SENTENCE ? ", …" : "";
    return `${this.count} of its parts are not here: ${this.#first(IN_SENTENCE).join(", ")}${more}`;
  }

  #first(count: number): readonly Digest[] {
    const first: Digest[] = [];
    for (const digest of this.#distinct) {
      if (first.length === count) break;
      first.push(digest);
    }
    return first;
  }
}
