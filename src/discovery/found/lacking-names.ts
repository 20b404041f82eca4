import type { Findings } from "./found-image.ts";
import type { Place } from "./place.ts";

type Lack = { readonly place: Place; readonly written: string; count: number; isError: boolean };

/** Images that lack a variable's value: one line for each variable, not for each image. */
export class LackingNames {
  readonly #lacks = new Map<string, Lack>();

  /** An image lacks `names`. `isListed`: what is left without them is in the list, as a guess. */
  add(names: readonly string[], place: Place, written: string, isListed: boolean): void {
    const key = [...new Set(names)].join(", ");
    const known = this.#lacks.get(key);
    if (known === undefined) this.#lacks.set(key, { place, written, count: 1, isError: !isListed });
    else {
      known.count++;
      known.isError ||= !isListed;
    }
  }

  /** Says them all; `sentence` makes the end of the message from the names. */
  report(sentence: (names: string) => string, findings: Findings): void {
    for (const [names, { place, written, count, isError }] of this.#lacks) {
      const more = count === 1 ? "" : ` (and ${count - 1} more in this file)`;
      const message = `the image ${JSON.stringify(written.slice(0, 200))}${more} ${sentence(names)}`;
      if (isError) findings.error(place, message);
      else findings.note(place, message);
    }
  }
}

/** May what is left without a variable be an image: does it end as names, tags and digests do? */
export function endsAsImage(text: string): boolean {
  return /[a-z0-9]$/i.test(text);
}
