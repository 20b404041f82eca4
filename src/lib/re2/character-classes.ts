/** Named sets of characters: `\d`, `[:alpha:]`, `\p{Greek}`. Source: Go 1.26, regexp/syntax. */
import { type CharacterTest, ExpressionError } from "./expression-tree.ts";

/** A stretch of code points, both ends included. */
export type CodePointRange = readonly [number, number];

const DIGIT: readonly CodePointRange[] = [[0x30, 0x39]];
const LOWER: readonly CodePointRange[] = [[0x61, 0x7a]];
const UPPER: readonly CodePointRange[] = [[0x41, 0x5a]];
const WORD: readonly CodePointRange[] = [...DIGIT, ...UPPER, [0x5f, 0x5f], ...LOWER];

const PERL: Readonly<Record<string, readonly CodePointRange[]>> = {
  d: DIGIT,
  s: [
    [0x09, 0x0a],
    [0x0c, 0x0d],
    [0x20, 0x20],
  ],
  w: WORD,
};

const POSIX: Readonly<Record<string, readonly CodePointRange[]>> = {
  alnum: [...DIGIT, ...UPPER, ...LOWER],
  alpha: [...UPPER, ...LOWER],
  ascii: [[0x00, 0x7f]],
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  cntrl: [
    [0x00, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: DIGIT,
  graph: [[0x21, 0x7e]],
  lower: LOWER,
  print: [[0x20, 0x7e]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
  upper: UPPER,
  word: WORD,
  xdigit: [...DIGIT, [0x41, 0x46], [0x61, 0x66]],
};

/** Is the code point in one of the ranges? */
export function inRanges(ranges: readonly CodePointRange[]): CharacterTest {
  return (codePoint) => ranges.some(([low, high]) => codePoint >= low && codePoint <= high);
}

/** `\w`'s characters, which word boundaries lie between, too. */
export const isWordCharacter: CharacterTest = inRanges(WORD);

/** The class behind `\d`, `\S` and their like; null for other letters. */
export function perlClass(letter: string): CharacterTest | null {
  const ranges = PERL[letter.toLowerCase()];
  if (ranges === undefined) return null;
  const test = inRanges(ranges);
  return letter === letter.toLowerCase() ? test : (codePoint) => !test(codePoint);
}

/** The class called `name` in `[[:name:]]` or, with `^` in front, its complement. Throws for a name that is not known. */
export function posixClass(name: string): CharacterTest {
  const ranges = POSIX[name.replace(/^\^/, "")];
  if (ranges === undefined) throw new ExpressionError(`there is no class of characters called [:${name}:]`);
  const test = inRanges(ranges);
  return name.startsWith("^") ? (codePoint) => !test(codePoint) : test;
}

/** The class of `\p{name}`: a general category or a script. Throws for a name that is not known. */
export function unicodeClass(name: string): CharacterTest {
  const bare = name.replace(/^\^/, "");
  const test = compileProperty(bare);
  return name.startsWith("^") ? (codePoint) => !test(codePoint) : test;
}

function compileProperty(name: string): CharacterTest {
  if (name === "Any") return () => true;
  // One character at a time, so that no expression of the runtime's runs over a text.
  for (const property of [name, `Script=${name}`]) {
    if (!/^[A-Za-z_=]+$/.test(property)) break;
    try {
      const one = new RegExp(`^\\p{${property}}$`, "u");
      return (codePoint) => one.test(String.fromCodePoint(codePoint));
    } catch {
      // It is the other of the two, or neither, which is said below.
    }
  }
  throw new ExpressionError(`there is no class of characters called \\p{${name}}`);
}

/** The class, letters counting in either case. */
export function ignoringCase(test: CharacterTest): CharacterTest {
  return (codePoint) => test(codePoint) || variantsOf(codePoint).some(test);
}

/** Letters that are the same as others but for their case, and are the upper or lower case of none: `ſ`, the Kelvin sign, `ς`. */
const RARE =
  "\u00b5\u00df\u017f\u01c5\u01c8\u01cb\u01f2\u0345\u03c2\u03d0\u03d1\u03d5\u03d6\u03f0\u03f1\u03f4\u03f5\u1c80\u1c81\u1c82\u1c83\u1c84\u1c85\u1c86\u1c87\u1c88\u1e9b\u1e9e\u1fbe\u2126\u212a\u212b\ua64a";
const variants = new Map<number, readonly number[]>();
const MOST_VARIANTS = 4096;

/** The letters that a letter is the same as but for the case, by Unicode's simple folding, as Go has it. */
function variantsOf(codePoint: number): readonly number[] {
  const known = variants.get(codePoint);
  if (known !== undefined) return known;
  const text = String.fromCodePoint(codePoint);
  const [lower, upper] = [text.toLowerCase(), text.toUpperCase()];
  const same = new RegExp(`^\\u{${codePoint.toString(16)}}$`, "iu");
  const found = [...RARE.split(""), lower, upper, lower.toUpperCase(), upper.toLowerCase()].filter((other) =>
    same.test(other),
  );
  const others = [...new Set(found.map((other) => other.codePointAt(0) ?? codePoint))].filter(
    (one) => one !== codePoint,
  );
  if (variants.size < MOST_VARIANTS) variants.set(codePoint, others);
  return others;
}
