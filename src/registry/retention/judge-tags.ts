import { formatDuration } from "../../lib/text/duration.ts";
import { sortSteps } from "../../lib/async/sort-steps.ts";
import type { LocatedTag } from "../../storage/metadata.ts";
import { findRule, type CompiledRule } from "./retention-rule.ts";

/** What is decided of a tag, and why, for people. `rule` is its place in the list, from 1 on. */
export type Judgement = {
  readonly tag: LocatedTag;
  readonly rule: number;
  readonly goes: boolean;
  readonly why: string;
};

/** What stands above the rules: why a tag stays whatever they say; null: nothing. */
export type Protection = (tag: LocatedTag) => string | null;

/** Tags that are looked at in one step: a millisecond or two, with a dozen of rules. */
const STEP = 500;

/**
 * Decides on the pushed tags of one repository by the rules, in small steps: the first rule that matches a tag is the one that
 * counts, and what none matches is not told of. A time that lies ahead of `nowMs` counts as `nowMs`.
 */
export function* judgeTags(
  tags: readonly LocatedTag[],
  rules: readonly CompiledRule[],
  nowMs: number,
  protection: Protection,
): Generator<void, readonly Judgement[], void> {
  const matched = new Map<CompiledRule, LocatedTag[]>();
  for (const [at, tag] of tags.entries()) {
    const rule = findRule(rules, tag.repository, tag.tag);
    if (rule !== undefined) (matched.get(rule) ?? listFor(matched, rule)).push(tag);
    if (at % STEP === 0) yield;
  }
  const judgements: Judgement[] = [];
  for (const [place, rule] of rules.entries()) {
    const own = matched.get(rule) ?? [];
    const last = yield* lastOf(own, rule);
    for (const [at, tag] of own.entries()) {
      const why = protection(tag) ?? whyKept(tag, rule, nowMs, last.has(keyOf(tag)));
      judgements.push({ tag, rule: place + 1, goes: why === null, why: why ?? whyGone(rule) });
      if (at % STEP === 0) yield;
    }
  }
  return judgements;
}

/** The keys of those that the rule keeps for being the newest ones. */
function* lastOf(tags: readonly LocatedTag[], rule: CompiledRule): Generator<void, ReadonlySet<string>, void> {
  if (rule.keepLast === null) return new Set();
  const keys: string[] = [];
  for (const [at, tag] of tags.entries()) {
    if (findKeep(rule, tag) === null) keys.push(keyOf(tag));
    if (at % STEP === 0) yield;
  }
  return new Set((yield* sortSteps(keys)).slice(0, rule.keepLast));
}

/** The newest first, and by name where the time is the same. */
function keyOf({ tag, updatedAtMs }: LocatedTag): string {
  return `${String(Number.MAX_SAFE_INTEGER - updatedAtMs).padStart(16, "0")} ${tag}`;
}

function findKeep({ keep }: CompiledRule, { tag }: LocatedTag): string | null {
  return keep.find((pattern) => pattern.matches(tag))?.text ?? null;
}

function whyKept(tag: LocatedTag, rule: CompiledRule, nowMs: number, isLast: boolean): string | null {
  const { updatedAtMs, pulledAtMs } = tag;
  const { keepLast, keepYoungerMs, keepPulledWithinMs } = rule;
  const keptName = findKeep(rule, tag);
  const isWithin = (atMs: number, ms: number) => nowMs - Math.min(atMs, nowMs) < ms;
  if (keptName !== null) return `keep names it: ${keptName}`;
  if (isLast) return `it is one of the last ${keepLast}`;
  if (keepYoungerMs !== null && isWithin(updatedAtMs, keepYoungerMs)) {
    return `it was pushed within ${formatDuration(keepYoungerMs)}`;
  }
  if (keepPulledWithinMs === null) return null;
  const words = formatDuration(keepPulledWithinMs);
  if (pulledAtMs !== null && isWithin(pulledAtMs, keepPulledWithinMs)) return `it was pulled within ${words}`;
  return isWithin(updatedAtMs, keepPulledWithinMs) ? `it was pushed within ${words}` : null;
}

function whyGone({ keepLast, keepYoungerMs, keepPulledWithinMs }: CompiledRule): string {
  const reasons = [
    keepLast === null ? null : `it is not one of the last ${keepLast}`,
    keepYoungerMs === null ? null : `it was not pushed within ${formatDuration(keepYoungerMs)}`,
    keepPulledWithinMs === null
      ? null
      : `it was neither pulled nor pushed within ${formatDuration(keepPulledWithinMs)}`,
  ];
  return reasons.filter((reason) => reason !== null).join(", ");
}

function listFor(matched: Map<CompiledRule, LocatedTag[]>, rule: CompiledRule): LocatedTag[] {
  const list: LocatedTag[] = [];
  matched.set(rule, list);
  return list;
}
