import { useAnswer } from "../api/use-answer.ts";
import { Chip } from "../parts/chip.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";

/** What the rules require of an image, and whether it has that. Nothing where they require nothing. */
export function RequiredSignatures({ image }: { readonly image: string }) {
  const { answer, problem, again } = useAnswer("checkSignatures", { image });
  if (answer === null) return <ProblemNote problem={problem} again={again} />;
  if (answer.rules.length === 0) {
    return (
      <p class="quiet">
        larder's rules require no signature of it; what is shown here is what signatures say, not what was verified.
      </p>
    );
  }
  return (
    <section aria-label="Required signatures">
      <h3>Required signatures</h3>
      <ul class="rules">
        {answer.rules.map(({ pattern, why }) => (
          <li key={pattern}>
            {why === null ? <Chip tone="good">verified</Chip> : <Chip tone="bad">missing</Chip>}{" "}
            <code>
              <StrangerText text={pattern} limit={300} />
            </code>
            {why !== null && (
              <p>
                <StrangerText text={why} limit={1000} />
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
