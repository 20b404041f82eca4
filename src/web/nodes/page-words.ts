/** What larder says of flags of its command line, as the fields of the page are called. */
const WORDS: readonly (readonly [flags: RegExp, words: string])[] = [
  [/give --registry an address that/, "open this page by an address that"],
  [/give --address an address of larder's that/, "open this page by an address of larder's that"],
  [
    /give --registry (https?):\/\/HOST:PORT, or use another --mode/,
    "open this page by an $1 address, or choose another way",
  ],
  [/give --registry (https?):\/\/HOST:PORT/, "open this page by an $1 address"],
  [/give --stand-in HOST, or --all for every registry/, "write one under Registries, or choose every other registry"],
  [/give --address IP/, "set larder's addresses, or open this page by one of them"],
  [/leave out --all/, "do not choose every other registry"],
  [/give --ca FILE, and an https address of the registry/, "open this page by an https address"],
  [/\(larder client (\S+) --mode spoof\)/, "($1, by the way Names)"],
  [/use mode http or https/, "choose the way HTTP or HTTPS"],
  [/use mode https/, "choose the way HTTPS"],
  [/use mode http\b/, "choose the way HTTP"],
  [/\bmode spoof\b/, "the way Names"],
  [/\bmode (https?)\b/, "the way $1"],
];

/** Words of larder's for people at a command line, for people at the page. */
export function pageWords(text: string): string {
  return WORDS.reduce((before, [flags, words]) => before.replace(flags, words), text);
}
