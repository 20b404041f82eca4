import { explain, principalNamed, repositoryNamed } from "../../access/rules/explain.ts";
import type { RuleControl } from "../../access/rules/rule-control.ts";
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
