import type { FoundRows } from "./found-rows.ts";
import { countOf, formatCount } from "./format-count.ts";
import type { ImageQuestion } from "./image-question.ts";

type Props<Row> = {
  readonly found: FoundRows<Row>;
  readonly question: ImageQuestion;
  /** Does what is shown answer what is asked by now? */
  readonly isCurrent: boolean;
};

/** How many there are, and whether there is something else by now: nothing moves until the reader says so. */
export function ListStatus<Row>({ found, question, isCurrent }: Props<Row>) {
  const { shown, isOutdated, difference } = found;
  const one = question.rows === "tags" ? "image" : "repository";
  const many = question.rows === "tags" ? "images" : "repositories";
  return (
    <div class="list-status">
      <p role="status" aria-busy={!isCurrent}>
        {shown === null ? (found.problem === null ? "Loading…" : "") : sentence(shown, one, many)}
        {shown !== null && shown.unmeasured > 0 && (
          <span class="quiet"> {countOf(shown.unmeasured, "image is", "images are")} still being measured.</span>
        )}
      </p>
      {isOutdated && (
        <button type="button" onClick={() => found.again()}>
          {difference > 0
            ? `${formatCount(difference)} new: show`
            : difference < 0
              ? `${formatCount(-difference)} gone: show`
              : "Changed: show"}
        </button>
      )}
    </div>
  );
}

function sentence(
  { total, isCut }: { readonly total: number; readonly isCut: boolean },
  one: string,
  many: string,
): string {
  if (isCut)
    return `${formatCount(total)}+ ${many}: more than are looked at at once. Look for something, or choose a registry.`;
  return countOf(total, one, many);
}
