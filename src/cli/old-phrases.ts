import { DOCKER2ACI_SWITCHES, readGoFlags } from "./go-flags.ts";

/** An old name for what takes two words here. */
type OldPhrase = {
  readonly name: string;
  readonly words: readonly string[];
  /** Spells what stood behind the old name as it is spelled here. */
  readonly readRest: (rest: readonly string[]) => readonly string[];
};

export const OLD_PHRASES: readonly OldPhrase[] = [
  { name: "mirror-k8s-images", words: ["mirror", "kubernetes"], readRest: (rest) => rest },
  { name: "docker2aci", words: ["aci", "docker2aci"], readRest: (rest) => readGoFlags(rest, DOCKER2ACI_SWITCHES) },
];

/** The words of a command line, in larder's own words where they begin with an old name. */
export function putInPhrase(words: readonly string[]): readonly string[] {
  const phrase = OLD_PHRASES.find(({ name }) => name === words[0]);
  return phrase === undefined ? words : [...phrase.words, ...phrase.readRest(words.slice(1))];
}
