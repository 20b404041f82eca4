import type { ApiProblem } from "../api/api-problem.ts";
import { openSignIn } from "./open-sign-in.ts";

/** Says what went wrong, in larder's own words, where it did; nothing for null. `again`: what asks once more. */
export function ProblemNote({ problem, again }: { readonly problem: ApiProblem | null; readonly again?: () => void }) {
  if (problem === null) return null;
  return (
    <div class="note note-problem" role="alert">
      <p>{problem.message}</p>
      {problem.status === 401 && (
        <button type="button" onClick={openSignIn}>
          Sign in
        </button>
      )}
      {again !== undefined && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
