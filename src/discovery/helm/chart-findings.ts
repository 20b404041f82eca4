/** What a rendering could not tell, in few words: one line for one cause, however many places it shows in. */
import { join } from "node:path";
import { splitAtMarks } from "../../lib/go-template/evaluate-template.ts";
import type { TemplateDoubt } from "../../lib/go-template/template-run.ts";
import type { Findings, Problem } from "../found/found-image.ts";
import type { Place } from "../found/place.ts";
import type { Rendering } from "./render-chart.ts";

/** So many lines a chart is given at most; the last of them tells how many more there would be. */
const LINE_LIMIT = 4;

const PLACEHOLDER = /holds a placeholder/;

type Cause = { readonly place: Place; readonly text: string; isError: boolean; count: number };

/** Gathers the problems of one chart by their causes. */
export class ChartCauses {
  readonly #path: string;
  readonly #unresolved: readonly TemplateDoubt[];
  readonly #causes = new Map<string, Cause>();

  /** `path` is the chart's, as findings name it. */
  constructor(path: string, { unresolved }: Pick<Rendering, "unresolved">) {
    this.#path = path;
    this.#unresolved = unresolved;
  }

  /** Takes over what was found in a template's text; marks that were left in the messages tell the cause. */
  problem(problem: Problem): void {
    const marks = splitAtMarks(problem.message).filter((piece) => typeof piece === "number");
    const doubts = [...new Set(marks)].flatMap((index) => this.#unresolved[index] ?? []);
    const isError = problem.severity === "error";
    // Texts that another program fills in later often hold many placeholders: they are one cause.
    const isLeftOpen = doubts.length === 0 && !isError && PLACEHOLDER.test(problem.message);
    if (doubts.length === 0) this.#add(problem, problem.message, isError, isLeftOpen ? PLACEHOLDER.source : undefined);
    for (const doubt of doubts) this.doubt(doubt, isError, problem);
  }

  /** Something that could not be known. `where` is the place of what hangs on it; without one, that of the doubt. */
  doubt({ reason, place }: TemplateDoubt, isError: boolean, where: Place | null = null): void {
    const own = place.file === null ? null : { file: join(this.#path, place.file), line: place.line };
    this.#add(own ?? where ?? { file: this.#path, line: null }, reason, isError);
  }

  /** Any other problem, by the chart's own path of the file. */
  fault(file: string, line: number | null, message: string, isError: boolean): void {
    this.#add({ file: join(this.#path, file), line }, message, isError);
  }

  /** Says it all, errors first. */
  report(findings: Findings): void {
    const causes = [...this.#causes.values()].sort((a, b) => Number(b.isError) - Number(a.isError));
    const shown = causes.length > LINE_LIMIT ? causes.slice(0, LINE_LIMIT - 1) : causes;
    for (const { place, text, isError, count } of shown) {
      const message = count === 1 ? text : `${text} (and in ${count - 1} more place${count === 2 ? "" : "s"})`;
      findings[isError ? "error" : "note"](place, message);
    }
    const rest = causes.slice(shown.length);
    if (rest.length === 0) return;
    const isError = rest.some((cause) => cause.isError);
    const files = [...new Set(rest.map(({ place }) => place.file))];
    const places = files.length === 1 ? "" : ` and ${files.length - 1} more files`;
    findings[isError ? "error" : "note"](
      { file: files[0] ?? this.#path, line: null },
      `${rest.length} more causes of this kind are here${places}`,
    );
  }

  #add(place: Place, text: string, isError: boolean, key: string = text): void {
    // The same value may be missing in many templates: the first place stands for all.
    const known = this.#causes.get(key);
    if (known === undefined) this.#causes.set(key, { place, text, isError, count: 1 });
    else [known.count, known.isError] = [known.count + 1, known.isError || isError];
  }
}
