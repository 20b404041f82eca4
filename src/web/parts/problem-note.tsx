import type { ApiProblem } from "../api/api-problem.ts";

/** Says what went wrong, in larder's own words, where it did; nothing for null. `again`: what asks once more. */
export function ProblemNote({ problem, again }: { readonly problem: ApiProblem | null; readonly again?: () => void }) {
  if (problem === null) return null;
  return (
    <div class="note note-problem" role="alert">
      <p>{problem.message}</p>
      {again !== undefined && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
