/**
 * Runs Go templates: text/template's actions over the values that a chart is given.
 *
 * Lenient where Helm gives up: what a template asks for and cannot have is an unresolved value. The caller sees those as
 * marks in the text, and where a decision hung on one, and decides whether they matter. Bounded in steps, text and
 * recursion.
 *
 * Source: Go 1.26, text/template; Helm v3.22 and v4.3, pkg/engine.
 */
import { TemplateFrame } from "./template-frame.ts";
import type { TemplateDoubt, TemplateFunction, TemplateRun } from "./template-run.ts";
import { TemplateOutput } from "./template-output.ts";
import { isEmptyTemplate, type ParsedTemplate, type TemplateDefinition } from "./template-syntax.ts";
import {
  assertBounded,
  assertShort,
  CallFailure,
  sizeOf,
  TemplateError,
  type TemplatePlace,
  type TemplateValue,
  Unresolved,
} from "./template-value.ts";

/** What may be called: the functions by name, those that go through all of their arguments' parts, and those that take unresolved ones. */
export type TemplateFunctions = {
  readonly byName: ReadonlyMap<string, TemplateFunction>;
  readonly deep: ReadonlySet<string>;
  readonly tolerant: ReadonlySet<string>;
};

/** The largest charts of today take thirty thousand; so many take some seconds. */
const STEP_LIMIT = 3_000_000;
/** Helm's own bound is 1000 for each name. */
const RECURSION_LIMIT = 500;
const DOUBT_LIMIT = 10_000;
/** Marks are single characters of a private area, which no function can cut in two. */
const FIRST_MARK = 0xe000;
const LAST_MARK = 0xf8ff;

/** One rendering of the templates of a chart, which share definitions and the bounds. */
export class TemplateEvaluation implements TemplateRun {
  /** Values that could not be known and were printed; their marks carry the index. */
  readonly unresolved: TemplateDoubt[] = [];
  /** All that could not be known, each once: Helm ends with the first. */
  readonly doubts = new Map<string, TemplateDoubt>();
  readonly undecided: TemplateDoubt[] = [];
  readonly refusals: TemplateDoubt[] = [];
  place: TemplatePlace = { file: null, line: null };
  readonly #functions: TemplateFunctions;
  #definitions: ReadonlyMap<string, TemplateDefinition>;
  #steps = 0;
  #depth = 0;

  constructor(functions: TemplateFunctions, definitions: ReadonlyMap<string, TemplateDefinition>) {
    this.#functions = functions;
    this.#definitions = definitions;
  }

  /** How much work was done. */
  get steps(): number {
    return this.#steps;
  }

  /** Renders a template with `dot`. Throws `TemplateError` when a bound is passed. */
  render({ file, nodes }: TemplateDefinition, dot: TemplateValue): TemplateOutput {
    if (++this.#depth > RECURSION_LIMIT) throw new TemplateError("the templates include each other without end");
    const output = new TemplateOutput();
    const { place } = this;
    try {
      new TemplateFrame(this, output, file, dot).nodes(nodes, dot);
    } finally {
      this.#depth--;
      this.place = place;
    }
    return output;
  }

  renderNamed(name: string, dot: TemplateValue): string | null {
    const definition = this.#definitions.get(name);
    return definition === undefined ? null : this.render(definition, dot).toString();
  }

  renderText({ body, definitions }: ParsedTemplate, dot: TemplateValue): string {
    const outer = this.#definitions;
    if (definitions.size > 0) {
      const inner = new Map(outer);
      this.charge(outer.size / 8);
      addDefinitions(inner, definitions);
      this.#definitions = inner;
    }
    try {
      return this.render(body, dot).toString();
    } finally {
      this.#definitions = outer;
    }
  }

  call(name: string, args: readonly TemplateValue[]): TemplateValue {
    const { byName, deep, tolerant } = this.#functions;
    const known = byName.get(name) ?? byName.get(name.replace(/^must(.)/, (_, c: string) => c.toLowerCase()));
    if (known === undefined) return this.doubt(`the function ${name} is not known`);
    if (!tolerant.has(name)) {
      const unresolved = args.find((arg) => arg instanceof Unresolved);
      if (unresolved !== undefined) return unresolved;
    }
    const isDeep = deep.has(name);
    for (const arg of args) this.charge(isDeep ? assertBounded(arg) : sizeOf(arg));
    try {
      const value = known(args, this);
      this.charge(sizeOf(value));
      return assertShort(value);
    } catch (error) {
      if (error instanceof CallFailure) return this.doubt(`${name}: ${error.message}`);
      throw error;
    }
  }

  doubt(reason: string): Unresolved {
    const { place } = this;
    if (this.doubts.size < DOUBT_LIMIT) this.doubts.set(`${place.file}\0${place.line}\0${reason}`, { reason, place });
    return new Unresolved(reason, place);
  }

  mark({ reason, place }: Unresolved): string {
    const known = this.unresolved.findIndex(
      (other) => other.reason === reason && other.place.file === place.file && other.place.line === place.line,
    );
    const index = known < 0 ? this.unresolved.push({ reason, place }) - 1 : known;
    return String.fromCharCode(Math.min(FIRST_MARK + index, LAST_MARK));
  }

  charge(steps: number): void {
    this.#steps += steps;
    if (this.#steps > STEP_LIMIT) {
      throw new TemplateError("the templates do more work than any chart needs", this.place.line, this.place.file);
    }
  }
}

/** `text` in pieces: strings, and the indices of the unresolved values whose marks stand between them. */
export function splitAtMarks(text: string): (string | number)[] {
  return text
    .split(/([\uE000-\uF8FF])/)
    .map((piece, at) => (at % 2 === 0 ? piece : piece.charCodeAt(0) - FIRST_MARK))
    .filter((piece) => piece !== "");
}

/** Adds definitions; an empty one never takes the place of a full one. */
export function addDefinitions(
  known: Map<string, TemplateDefinition>,
  further: ReadonlyMap<string, TemplateDefinition>,
): void {
  for (const [name, definition] of further) {
    if (!known.has(name) || !isEmptyTemplate(definition)) known.set(name, definition);
  }
}
