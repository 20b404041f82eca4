import type { NamePattern } from "../../oci/image-pattern.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Authority } from "../../signatures/signature.ts";

/** Images of these names need a signature by one of these authorities. */
export type SignatureRule = {
  readonly pattern: NamePattern;
  /** Names that the pattern matches, and that need none. */
  readonly except: readonly NamePattern[];
  readonly authorities: readonly Authority[];
};

/** The rules that hold for an image, all of them at once. Equal sets have equal keys. */
export type RuleSet = { readonly rules: readonly SignatureRule[]; readonly key: string };

const NAMES_REMEMBERED = 10_000;
const NONE: RuleSet = { rules: [], key: "" };

/** What is required of which images. Where several rules match a name, each must be satisfied. */
export class SignatureRules {
  readonly #rules: readonly SignatureRule[];
  readonly #known = new Map<RepositoryName, RuleSet>();

  constructor(rules: readonly SignatureRule[]) {
    this.#rules = rules;
  }

  /** Is nothing required of any image? */
  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /** The rules for an image that was asked for by one name, and found under another, or the same. */
  of(asked: RepositoryName, found: RepositoryName): RuleSet {
    const [first, second] = [this.#ofName(asked), asked === found ? NONE : this.#ofName(found)];
    if (second.rules.length === 0 || second.key === first.key) return first;
    return first.rules.length === 0
      ? second
      : this.#select((rule) => [first, second].some((set) => set.rules.includes(rule)));
  }

  #ofName(name: RepositoryName): RuleSet {
    if (this.#rules.length === 0) return NONE;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#known.size >= NAMES_REMEMBERED) this.#known.clear();
    const set = this.#select(
      ({ pattern, except }) => pattern.matches(name) && !except.some((exception) => exception.matches(name)),
    );
    this.#known.set(name, set);
    return set;
  }

  #select(isMeant: (rule: SignatureRule) => boolean): RuleSet {
    const places = this.#rules.flatMap((rule, place) => (isMeant(rule) ? [place] : []));
    const rules = places.flatMap((place) => this.#rules[place] ?? []);
    return rules.length === 0 ? NONE : { rules, key: places.join() };
  }
}
