import {
  type CodePointRange,
  ignoringCase,
  inRanges,
  perlClass,
  posixClass,
  unicodeClass,
} from "./character-classes.ts";
import type { ExpressionReader } from "./expression-reader.ts";
import type { CharacterTest } from "./expression-tree.ts";

/** Reads `[…]`, whose opening bracket was taken. */
export class ClassParser {
  readonly #in: ExpressionReader;
  readonly #ignoresCase: boolean;
  readonly #ranges: CodePointRange[] = [];
  readonly #tests: CharacterTest[] = [];

  constructor(reader: ExpressionReader, ignoresCase: boolean) {
    this.#in = reader;
    this.#ignoresCase = ignoresCase;
  }

  /** The class up to its closing bracket. Throws `ExpressionError` when RE2 would refuse it. */
  parse(): CharacterTest {
    const negates = this.#in.take("^");
    for (let isFirst = true; isFirst || !this.#in.at("]"); isFirst = false) this.#item();
    this.#in.take("]");
    const inOne = inRanges(this.#ranges);
    const tests = this.#tests;
    const plain: CharacterTest = (codePoint) => inOne(codePoint) || tests.some((test) => test(codePoint));
    const test = this.#ignoresCase ? ignoringCase(plain) : plain;
    return negates ? (codePoint) => !test(codePoint) : test;
  }

  #item(): void {
    const named = this.#in.match(/\[:(\^?\w+):\]/y);
    if (named !== null) return void this.#tests.push(posixClass(named[1] ?? ""));
    const property = this.#in.match(/\\([pP])(?:\{(\^?\w+)\}|(\w))/y);
    if (property !== null) {
      const test = unicodeClass(property[2] ?? property[3] ?? "");
      return void this.#tests.push(property[1] === "P" ? (codePoint) => !test(codePoint) : test);
    }
    const perl = this.#in.match(/\\([dDsSwW])/y);
    const test = perl === null ? null : perlClass(perl[1] ?? "");
    if (test !== null) return void this.#tests.push(test);
    const low = this.#character();
    const high = this.#in.match(/-(?!\])/y) === null ? low : this.#character();
    if (high < low) throw this.#in.error("a class has a range that runs backwards");
    this.#ranges.push([low, high]);
  }

  #character(): number {
    const char = this.#in.next();
    return char === "\\" ? this.#in.escapedCharacter() : (char.codePointAt(0) ?? 0);
  }
}
