import * as v from "valibot";
import { CONTRACT, type OperationId } from "../../admin/contract.ts";
import type { LineWork } from "./line-work.ts";

/** Throws a TypeError when an answer differs from the operation's schema in the contract, also by a field too many. */
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

/** The same work, of whose answer each line is checked before it is sent. */
export function checkLines(id: OperationId, { work, ...more }: LineWork<unknown>): LineWork<unknown> {
  return {
    ...more,
    work: async (tell) => {
      const last = await work((event) => {
        checkAnswer(id, event);
        tell(event);
      });
      checkAnswer(id, last);
      return last;
    },
  };
}
