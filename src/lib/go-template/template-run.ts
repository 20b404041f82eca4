/** What functions and templates see of the rendering that they are part of. */
import type { ParsedTemplate } from "./template-syntax.ts";
import type { TemplatePlace, TemplateValue, Unresolved } from "./template-value.ts";

/** A function that templates may call; the run is there for those that render templates themselves. */
export type TemplateFunction = (args: readonly TemplateValue[], run: TemplateRun) => TemplateValue;

/** Something that a template could not have, and where. */
export type TemplateDoubt = { readonly reason: string; readonly place: TemplatePlace };

/** One rendering of the templates of a chart, which share definitions and the bounds. */
export interface TemplateRun {
  /** The file and line that is being worked on. */
  place: TemplatePlace;
  /** Where an `if`, `with` or `range` hung on a value that could not be known. */
  readonly undecided: TemplateDoubt[];
  /** What the chart said when it refused its values by `fail`. */
  readonly refusals: TemplateDoubt[];
  /** Renders the template that was defined as `name`; null when there is none. */
  renderNamed(name: string, dot: TemplateValue): string | null;
  /** Renders text that was parsed on the way: what it defines is known in it and in nothing else. */
  renderText(template: ParsedTemplate, dot: TemplateValue): string;
  /** Calls a function. What it refuses, or what is not known, is unresolved. */
  call(name: string, args: readonly TemplateValue[]): TemplateValue;
  /** A value that cannot be known, here. */
  doubt(reason: string): Unresolved;
  /** The text that stands for an unresolved value. */
  mark(value: Unresolved): string;
  /** Counts work; throws `TemplateError` when it is too much. */
  charge(steps: number): void;
}
