/**
 * Regular expressions in time that grows with the text and no faster, whatever the expression: RE2's syntax, Perl's
 * preference among matches, no looking around and no references back.
 *
 * Source: Russ Cox, "Regular Expression Matching: the Virtual Machine Approach"; Go 1.26, regexp.
 */
import { isWordCharacter } from "./character-classes.ts";
import { compileExpression, type Instruction } from "./compile-expression.ts";
import type { AnchorKind } from "./expression-tree.ts";
import { parseExpression } from "./parse-expression.ts";

/** Where groups begin and end in the text, in UTF-16 units: two numbers a group, -1 for one that took no part. */
export type Match = readonly number[];

/** Told how many steps were taken; throws to end the search. */
export type WorkMeter = (steps: number) => void;

type Threads = {
  readonly at: number[];
  readonly slots: (readonly number[])[];
  readonly seen: Uint32Array;
  round: number;
};

/** An expression. Throws `ExpressionError` when RE2 would refuse it. */
export class LinearExpression {
  /** The names of groups by their numbers; empty for those without. */
  readonly groupNames: readonly string[];
  readonly #program: readonly Instruction[];
  readonly #meter: WorkMeter;
  /** The text that every match begins with, when that is plain to see. */
  readonly #prefix: string;
  readonly #isAnchored: boolean;
  #steps = 0;

  constructor(pattern: string, meter: WorkMeter = () => {}) {
    const { root, names } = parseExpression(pattern);
    this.groupNames = names;
    this.#program = compileExpression(root);
    this.#meter = meter;
    this.#prefix = literalPrefix(this.#program);
    const first = this.#program[1];
    this.#isAnchored = first?.type === "anchor" && first.kind === "text-start";
  }

  /** The leftmost match from `start` on, preferred as Perl would; null when there is none. */
  exec(text: string, start = 0): Match | null {
    let current = this.#threads();
    let next = this.#threads();
    let matched: readonly number[] | null = null;
    this.#steps = 0;
    for (let at = start; ; ) {
      if (current.at.length === 0) {
        if (matched !== null || (this.#isAnchored && at > 0)) break;
        if (this.#prefix !== "") at = text.indexOf(this.#prefix, at);
        if (at < 0) break;
      }
      if (matched === null) this.#add(current, 0, [], text, at);
      const codePoint = text.codePointAt(at) ?? -1;
      const width = codePoint > 0xffff ? 2 : 1;
      this.#steps += current.at.length + 1;
      if (this.#steps > 4096) {
        this.#meter(this.#steps);
        this.#steps = 0;
      }
      matched = this.#step(current, next, text, at, codePoint, width) ?? matched;
      [current, next] = [next, current];
      clear(next);
      if (codePoint < 0) break;
      at += width;
    }
    this.#meter(this.#steps);
    return matched;
  }

  /** All matches that do not overlap, at most `limit` of them; an empty one right behind another is none. */
  execAll(text: string, limit = Number.POSITIVE_INFINITY): Match[] {
    const matches: Match[] = [];
    let lastEnd = -1;
    for (let at = 0; at <= text.length && matches.length < limit; ) {
      const match = this.exec(text, at);
      if (match === null) break;
      const [from = 0, to = 0] = match;
      if (to > from || from !== lastEnd) matches.push(match);
      lastEnd = to;
      at = to > at ? to : at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
    }
    return matches;
  }

  #threads(): Threads {
    return { at: [], slots: [], seen: new Uint32Array(this.#program.length), round: 1 };
  }

  /** Moves every thread over one character; the slots of the preferred one that has matched, or null. */
  #step(current: Threads, next: Threads, text: string, at: number, codePoint: number, width: number) {
    for (const [index, pc] of current.at.entries()) {
      const instruction = this.#program[pc];
      const slots = current.slots[index] ?? [];
      if (instruction?.type === "match") return slots;
      const takes =
        codePoint >= 0 &&
        (instruction?.type === "literal"
          ? instruction.codePoint === codePoint
          : instruction?.type === "class" && instruction.test(codePoint));
      if (takes) this.#add(next, pc + 1, slots, text, at + width);
    }
    return null;
  }

  /** Adds a thread, and those that it splits into before it takes a character, in the order of preference. */
  #add(threads: Threads, start: number, slots: readonly number[], text: string, at: number): void {
    const open: [number, readonly number[]][] = [[start, slots]];
    for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
      const [pc, own] = entry;
      this.#steps++;
      if (threads.seen[pc] === threads.round) continue;
      threads.seen[pc] = threads.round;
      const instruction = this.#program[pc];
      switch (instruction?.type) {
        case "jump":
          open.push([instruction.to, own]);
          break;
        case "split":
          open.push([instruction.y, own], [instruction.x, own]);
          break;
        case "save": {
          const saved = [...own];
          while (saved.length < instruction.slot) saved.push(-1);
          saved[instruction.slot] = at;
          open.push([pc + 1, saved]);
          break;
        }
        case "anchor":
          if (holds(instruction.kind, text, at)) open.push([pc + 1, own]);
          break;
        default:
          threads.at.push(pc);
          threads.slots.push(own);
      }
    }
  }
}

function clear(threads: Threads): void {
  threads.at.length = 0;
  threads.slots.length = 0;
  threads.round++;
}

function holds(kind: AnchorKind, text: string, at: number): boolean {
  switch (kind) {
    case "text-start":
      return at === 0;
    case "text-end":
      return at === text.length;
    case "line-start":
      return at === 0 || text[at - 1] === "\n";
    case "line-end":
      return at === text.length || text[at] === "\n";
    case "word-boundary":
    case "no-word-boundary": {
      const isBoundary = isWordAt(text, at - 1) !== isWordAt(text, at);
      return isBoundary === (kind === "word-boundary");
    }
    default:
      return kind satisfies never;
  }
}

function isWordAt(text: string, at: number): boolean {
  return at >= 0 && at < text.length && isWordCharacter(text.charCodeAt(at));
}

function literalPrefix(program: readonly Instruction[]): string {
  let prefix = "";
  for (const instruction of program) {
    if (instruction.type === "literal") prefix += String.fromCodePoint(instruction.codePoint);
    else if (instruction.type !== "save") break;
  }
  return prefix;
}
