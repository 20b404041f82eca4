import { explain, principalNamed, repositoryNamed } from "../../access/rules/explain.ts";
import { ruleWords } from "../../access/rules/rule-words.ts";
import type { RuleControl } from "../../access/rules/rule-control.ts";
import type { Rule } from "../../access/rules/rule.ts";
import type { Principal } from "../../access/principal.ts";
import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** What rules are tested on. */
export type RuleParts = {
  readonly rules: () => RuleControl;
  /** Are they those of the settings, and not the usual ones? */
  readonly areWritten: () => boolean;
  readonly isSetUp: () => boolean;
  /** The principal as it is now, with its grants; null when there is none of that name. */
  readonly recall: (principal: Principal) => Promise<Principal | null>;
};

/** More rules than a page shows are in the settings all the same. */
const LISTED_RULES = 1000;

/** The rules that count, or would if people were set up. */
export async function listRules({ rules, areWritten, isSetUp }: RuleParts): Promise<AnswerOf<"listRules">> {
  const all = rules().rules;
  const shown = all.slice(0, LISTED_RULES);
  const texts = shown.map(textOf);
  return {
    isWritten: areWritten(),
    isSetUp: isSetUp(),
    rules: shown.map((rule, index) => ({ number: index + 1, words: ruleWords(rule), ...textOf(rule) })),
    yaml: await yamlOf(texts),
    isCut: all.length > shown.length,
  };
}

function textOf({ text: { subject, allow, names, claims } }: Rule) {
  return { subject, allow: [...allow], names: [...names], ...(claims !== undefined && { claims: { ...claims } }) };
}

/** As the guides have rules: a line for each. */
async function yamlOf(rules: readonly object[]): Promise<string> {
  const { Document, isCollection } = await import("yaml");
  const document = new Document({ auth: { rules } });
  const list = document.getIn(["auth", "rules"]);
  if (isCollection(list)) for (const rule of list.items) if (isCollection(rule)) rule.flow = true;
  return document.toString({ lineWidth: 0 });
}

/** Tells which rule decides. Throws BAD_REQUEST for a subject that is nobody, NAME_INVALID. */
export async function testRule(
  { rules, areWritten, isSetUp, recall }: RuleParts,
  { subject, action, name, claims }: InputOf<"testRule">,
): Promise<AnswerOf<"testRule">> {
  const named = readSubject(subject, claims);
  const principal = await recall(named);
  const told = explain({
    control: rules(),
    isWritten: areWritten(),
    isSetUp: isSetUp(),
    principal: principal ?? named,
    action,
    repository: repositoryNamed(name),
  });
  if (principal !== null || !isSetUp()) return told;
  return { ...told, reason: `${told.reason}; but there is nobody called ${subject} just now` };
}

function readSubject(subject: string, claims: Readonly<Record<string, string>>): Principal {
  try {
    return principalNamed(subject, claims);
  } catch (error) {
    throw new RegistryError("BAD_REQUEST", describeFailure(error), { cause: error });
  }
}
