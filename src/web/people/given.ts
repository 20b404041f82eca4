/** What may be done on some names: a grant as a form has it. */
export type GivenSome = {
  /** As grants spell them: `pull`, `push`, `delete`; what the command line gave beyond these, too. */
  readonly actions: readonly string[];
  /** Patterns, with commas or spaces between them. */
  readonly names: string;
};

/** What somebody is given, as a form has it. */
export type Given = {
  /** `usual`: no grants of one's own. */
  readonly kind: "usual" | "everything" | "some";
  /** At least one; they count where the kind is `some`. */
  readonly some: readonly GivenSome[];
};

/** A grant that nobody has filled in yet. */
export const NOTHING_YET: GivenSome = { actions: ["pull"], names: "" };

const EVERYTHING = "*:**";

/** Grants as a form has them; null: none of one's own. */
export function givenOf(grants: readonly string[] | null): Given {
  if (grants === null) return { kind: "usual", some: [NOTHING_YET] };
  const [first, ...others] = grants;
  if (first === undefined) return { kind: "some", some: [{ actions: [], names: "" }] };
  if (first === EVERYTHING && others.length === 0) return { kind: "everything", some: [NOTHING_YET] };
  return { kind: "some", some: [first, ...others].map(grantOf) };
}

function grantOf(text: string): GivenSome {
  const colon = text.indexOf(":");
  return { actions: text.slice(0, colon).split(","), names: text.slice(colon + 1).replaceAll(",", ", ") };
}

/** The texts of grants that a form spells; null: none of one's own. */
export function grantsOf({ kind, some }: Given): string[] | null {
  if (kind === "usual") return null;
  if (kind === "everything") return [EVERYTHING];
  return some.map(({ actions, names }) => `${actions.join(",")}:${patternsOf(names).join(",")}`);
}

/** Why a form spells no grants; null: it does. */
export function whyNoGrants({ kind, some }: Given): string | null {
  if (kind !== "some") return null;
  if (some.some(({ actions }) => actions.length === 0)) return "Choose what may be done.";
  return some.some(({ names }) => patternsOf(names).length === 0) ? "Write on which names, or ** for all." : null;
}

function patternsOf(names: string): readonly string[] {
  return names.split(/[\s,]+/).filter((name) => name !== "");
}
