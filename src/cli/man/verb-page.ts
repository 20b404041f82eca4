import { EXIT_STATUSES } from "../help/exit-statuses.ts";
import type { DescribedVerb } from "../help/described-verb.ts";
import { readProse } from "../help/read-prose.ts";
import {
  asSentence,
  bold,
  definition,
  listing,
  page,
  type PageEdition,
  paragraph,
  section,
  subsection,
  syntax,
} from "./roff.ts";

/** The page of a verb, larder-VERB(1), its own verbs included. */
export function verbPage(verb: DescribedVerb, edition: PageEdition): string {
  const head = { name: pageNameOf(verb), section: 1, summary: verb.summary } as const;
  return page(head, edition, [
    ...section(
      "Synopsis",
      verb.verbs.length === 0 ? [synopsis(verb)] : [verb, ...verb.verbs].filter(isCalled).map(synopsis),
    ),
    ...section("Description", description(verb)),
    ...section(
      "Arguments",
      verb.arguments.map(({ term, meaning }) => definition(syntax(term), meaning)),
    ),
    ...(verb.verbs.length === 0 || isCalled(verb) ? section("Options", options(verb)) : []),
    ...section("Verbs", verb.verbs.flatMap(ownVerb)),
    ...section("Examples", examples(verb)),
    ...section(
      "Exit status",
      EXIT_STATUSES.map(([status, meaning]) => definition(bold(status), meaning)),
    ),
    ...section("See also", [`${bold("larder")}(1), ${bold("larder.yaml")}(5)`]),
  ]);
}

/** `larder-ls` */
export function pageNameOf({ name }: DescribedVerb): string {
  return `larder-${name}`;
}

/** Does it do something by itself, and not by its own verbs alone? */
function isCalled({ verbs, flags, arguments: taken }: DescribedVerb): boolean {
  return verbs.length === 0 || taken.length > 0 || flags.length > 1;
}

function synopsis({ call, usage }: DescribedVerb): string {
  return `.PP\n${bold(call)} ${syntax(usage.replace("[command]", "").trim())}`.trimEnd();
}

function description({ description: text, otherCalls }: DescribedVerb): readonly string[] {
  const others = otherCalls.map((call) => `\`${call}\``).join(", ");
  return [...prose(asSentence(text)), ...(others === "" ? [] : [paragraph(`The same as ${others}.`)])];
}

function prose(text: string): readonly string[] {
  return readProse(text).map((part) => {
    if (part.kind === "paragraph") return paragraph(part.text);
    return part.kind === "item" ? definition(bold(part.term), part.meaning) : listing([part.text]);
  });
}

function options({ flags }: DescribedVerb): readonly string[] {
  return flags.map(({ term, meaning }) => definition(syntax(term), meaning));
}

function ownVerb(verb: DescribedVerb): readonly string[] {
  const parts = [
    ...description(verb),
    ...verb.arguments.map(({ term, meaning }) => definition(syntax(term), meaning)),
    ...options(verb),
  ];
  return [...subsection(`${verb.call} ${verb.usage}`.trimEnd(), parts), ...verb.verbs.flatMap(ownVerb)];
}

function examples({ examples: all }: DescribedVerb): readonly string[] {
  const lines = all.flatMap(([command, effect]) => (effect === "" ? [command] : [`# ${effect}`, command]));
  return lines.length === 0 ? [] : [listing(lines)];
}
