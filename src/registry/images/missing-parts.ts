import type { Digest } from "../../oci/digest.ts";

/** Digests that are named; the others are counted. */
const NAMED = 10;
/** Digests that a sentence names. */
const IN_SENTENCE = 3;
/** So many are told apart; those beyond count as often as they come. */
const DISTINCT = 10_000;

/** What is missing of an image: each part once, the first ones by name. */
export class MissingParts {
  readonly #distinct = new Set<Digest>();
  #more = 0;

  add(digest: Digest): void {
    if (this.#distinct.size < DISTINCT) this.#distinct.add(digest);
    else if (!this.#distinct.has(digest)) this.#more++;
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
