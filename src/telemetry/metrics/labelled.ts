/** The label value that stands for all values without a child of their own. */
export const OTHER = "other";

type Branch<Child> = Map<string, Branch<Child> | Child>;

/**
 * The children of a metric, one for each combination of label values that was asked for; at most `limit`. Whatever comes
 * when they are that many shares one child, in which each label is `other`: no client can make them more.
 *
 * A child is looked up by one map a label, which takes some 10 ns each; who counts often keeps the child.
 */
export class Labelled<Child> {
  readonly #depth: number;
  readonly #limit: number;
  readonly #make: () => Child;
  readonly #children: { readonly labels: readonly string[]; readonly child: Child }[] = [];
  readonly #root: Branch<Child> = new Map();
  readonly #only: Child | null;
  #overflow: Child | null = null;

  constructor(depth: number, limit: number, make: () => Child) {
    this.#depth = depth;
    this.#limit = limit;
    this.#make = make;
    // Without labels there is one child, which is there before anything is counted.
    this.#only = depth === 0 ? make() : null;
    if (this.#only !== null) this.#children.push({ labels: [], child: this.#only });
  }

  /** The child with these values, in the order of the labels. Throws a TypeError when they are too few or too many. */
  of(values: readonly string[]): Child {
    const depth = this.#depth;
    if (values.length !== depth) throw new TypeError(`${values.length} values for ${depth} labels`);
    if (this.#only !== null) return this.#only;
    let found: Branch<Child> | Child | undefined = this.#root;
    for (let index = 0; index < depth && found !== undefined; index++) {
      found = (found as Branch<Child>).get(values[index] as string);
    }
    return found === undefined ? this.#add(values) : (found as Child);
  }

  /** All children with their values, in the order in which they came to be. */
  *all(): Iterable<{ readonly labels: readonly string[]; readonly child: Child }> {
    yield* this.#children;
    if (this.#overflow !== null) yield { labels: Array(this.#depth).fill(OTHER), child: this.#overflow };
  }

  #add(values: readonly string[]): Child {
    if (this.#children.length >= this.#limit) return (this.#overflow ??= this.#make());
    const labels = values.map((value) => value.toWellFormed());
    const child = this.#make();
    this.#children.push({ labels, child });
    let branch = this.#root;
    for (const value of values.slice(0, -1)) {
      const next = branch.get(value) ?? new Map<string, Branch<Child> | Child>();
      branch.set(value, next);
      branch = next as Branch<Child>;
    }
    branch.set(values.at(-1) ?? "", child);
    return child;
  }
}
