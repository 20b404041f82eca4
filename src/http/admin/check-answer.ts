import * as v from "valibot";
import { CONTRACT, type OperationId } from "../../admin/contract.ts";

/** Throws a TypeError when what is answered is not what the contract says, down to fields that it does not tell of. */
export function checkAnswer(id: OperationId, answer: unknown): void {
  const sent: unknown = JSON.parse(JSON.stringify(answer));
  const result = v.safeParse(CONTRACT[id].answer, sent);
  if (!result.success) {
    const [issue] = result.issues;
    throw new TypeError(`the answer of ${id} is not of the contract: ${v.getDotPath(issue) ?? ""} ${issue.message}`);
  }
  if (!Bun.deepEquals(result.output, sent)) {
    throw new TypeError(`the answer of ${id} has more than the contract tells of: ${JSON.stringify(sent)}`);
  }
}
