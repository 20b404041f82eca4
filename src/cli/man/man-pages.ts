import type { DescribedVerb } from "../help/described-verb.ts";
import { programPage } from "./program-page.ts";
import type { PageEdition } from "./roff.ts";
import { settingsPage } from "./settings-page.ts";
import { pageNameOf, verbPage } from "./verb-page.ts";

/** A page as it is installed: `man1/larder-ls.1`. */
export type ManPage = { readonly name: string; readonly file: string; readonly text: string };

/** All pages: larder(1), a page for each of these verbs, and larder.yaml(5). */
export function manPages(verbs: readonly DescribedVerb[], edition: PageEdition): readonly ManPage[] {
  return [
    { name: "larder", file: "man1/larder.1", text: programPage(edition) },
    ...verbs.map((verb) => {
      const name = pageNameOf(verb);
      return { name, file: `man1/${name}.1`, text: verbPage(verb, edition) };
    }),
    { name: "larder.yaml", file: "man5/larder.yaml.5", text: settingsPage(edition) },
  ];
}
