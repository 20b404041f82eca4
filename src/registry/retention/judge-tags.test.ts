import { expect, test } from "bun:test";
import fc from "fast-check";
import { Turns } from "../../lib/async/turns.ts";
import { digestOf } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { LocatedTag } from "../../storage/metadata.ts";
import { type Judgement, judgeTags, type Protection } from "./judge-tags.ts";
import { compileRule, fingerprintOf, type RetentionRule } from "./retention-rule.ts";

const DAY = 86_400_000;
const NOW = 1000 * DAY;

function tagOf(name: string, pushedDaysAgo: number, pulledDaysAgo: number | null = null): LocatedTag {
  const updatedAtMs = NOW - pushedDaysAgo * DAY;
  return {
    repository: "local/team/app" as RepositoryName,
    tag: name as Tag,
    kind: "pushed",
    digest: digestOf(name),
    updatedAtMs,
    checkedAtMs: updatedAtMs,
    pulledAtMs: pulledDaysAgo === null ? null : NOW - pulledDaysAgo * DAY,
  };
}

function ruleOf(rule: Partial<RetentionRule>): RetentionRule {
  return { pattern: "**", keepLast: null, keepYoungerMs: null, keepPulledWithinMs: null, keep: [], ...rule };
}

function judge(
  tags: readonly LocatedTag[],
  rules: readonly RetentionRule[],
  protection: Protection = () => null,
): Promise<readonly Judgement[]> {
  return new Turns().begin().finish(judgeTags(tags, rules.map(compileRule), NOW, protection));
}

/** Those that go. */
async function gone(...asked: Parameters<typeof judge>): Promise<readonly string[]> {
  return (await judge(...asked)).filter(({ goes }) => goes).map(({ tag }) => tag.tag as string);
}

test("the last ones by when they were pushed stay, and what is kept by its name is none of them", async () => {
  const tags = [tagOf("pr-1", 9), tagOf("latest", 0), tagOf("pr-3", 1), tagOf("pr-2", 5), tagOf("v1", 99)];
  const rule = ruleOf({ pattern: "team/app", keepLast: 2, keep: ["v*", "latest"] });
  expect(await gone(tags, [rule])).toEqual(["pr-1"]);
  const why = Object.fromEntries((await judge(tags, [rule])).map(({ tag, why }) => [tag.tag, why]));
  expect(why).toEqual({
    "pr-1": "it is not one of the last 2",
    "pr-2": "it is one of the last 2",
    "pr-3": "it is one of the last 2",
    latest: "keep names it: latest",
    v1: "keep names it: v*",
  });
});

test("each part keeps by itself: a tag goes when none does", async () => {
  const tags = [tagOf("new", 1), tagOf("pulled", 90, 3), tagOf("pulled-long-ago", 90, 40), tagOf("never", 90)];
  const ages = { keepYoungerMs: 14 * DAY, keepPulledWithinMs: 30 * DAY };
  expect(await gone(tags, [ruleOf(ages)])).toEqual(["pulled-long-ago", "never"]);
  expect(await gone(tags, [ruleOf({ keepYoungerMs: 14 * DAY })])).toEqual(["pulled", "pulled-long-ago", "never"]);
});

test("what was just pushed has not been pulled by anybody yet, and stays", async () => {
  expect(await gone([tagOf("a", 29), tagOf("b", 31)], [ruleOf({ keepPulledWithinMs: 30 * DAY })])).toEqual(["b"]);
});

test("the first rule that matches a tag decides, and what none matches is not told of", async () => {
  const tags = [tagOf("pr-1", 9), tagOf("main-1", 9), tagOf("v1", 9)];
  const rules = [
    ruleOf({ pattern: "team/*:main-*", keepYoungerMs: 30 * DAY }),
    ruleOf({ pattern: "team/*:*-*", keepYoungerMs: DAY }),
  ];
  expect((await judge(tags, rules)).map(({ tag, rule, goes }) => [tag.tag, rule, goes])).toEqual([
    ["main-1" as Tag, 1, false],
    ["pr-1" as Tag, 2, true],
  ]);
});

test("what is held stays, and a time ahead of the clock counts as now", async () => {
  const tags = [tagOf("held", 90), tagOf("ahead", -900), tagOf("old", 90)];
  const protection: Protection = ({ tag }) => (tag === "held" ? "it is kept by the pin x" : null);
  expect(await gone(tags, [ruleOf({ keepYoungerMs: DAY })], protection)).toEqual(["old"]);
});

test("rules that say the same have the same fingerprint, and no others", () => {
  const text = (rule: Partial<RetentionRule>) => fingerprintOf([compileRule(ruleOf({ keepLast: 1, ...rule }))]);
  expect(text({ pattern: "x:1" })).toBe(text({ pattern: "local/x:1" }));
  expect(text({ pattern: "x:1" })).not.toBe(text({ pattern: "x:2" }));
  expect(text({ keep: ["a"] })).not.toBe(text({ keep: ["b"] }));
  expect(text({ keepLast: 2 })).not.toBe(text({}));
});

test("a tag goes just when a plain reading of the rules says so", async () => {
  const names = ["a", "b", "v1", "v2", "pr-1", "pr-2", "pr-3"];
  const tag = fc.record({ pushed: fc.nat(40), pulled: fc.option(fc.nat(40)) });
  const limits = fc
    .record({
      last: fc.option(fc.integer({ min: 1, max: 4 })),
      young: fc.option(fc.integer({ min: 1, max: 40 })),
      pulled: fc.option(fc.integer({ min: 1, max: 40 })),
    })
    .filter(({ last, young, pulled }) => last !== null || young !== null || pulled !== null);
  const rule = fc.record({
    pattern: fc.constantFrom("*", "pr-*", "v*"),
    limits,
    keep: fc.subarray(["v*", "a", "pr-2"]),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(tag, { minLength: 7, maxLength: 7 }),
      fc.array(rule, { maxLength: 3 }),
      async (given, said) => {
        const tags = given.map(({ pushed, pulled }, at) => tagOf(names[at] ?? "", pushed, pulled));
        const rules = said.map(({ pattern, limits: { last, young, pulled }, keep }) =>
          ruleOf({
            pattern: `team/app:${pattern}`,
            keepLast: last,
            keepYoungerMs: young === null ? null : young * DAY,
            keepPulledWithinMs: pulled === null ? null : pulled * DAY,
            keep,
          }),
        );
        const like = (glob: string, name: string) =>
          glob.endsWith("*") ? name.startsWith(glob.slice(0, -1)) : name === glob;
        const ruleFor = (name: string) => said.find(({ pattern }) => like(pattern, name));
        const expected = tags.filter(({ tag: name }, at) => {
          const found = ruleFor(name);
          if (found === undefined || found.keep.some((glob) => like(glob, name))) return false;
          const { last, young, pulled } = found.limits;
          const age = (index: number) => given[index]?.pushed ?? 0;
          const newer = names.filter((other, index) => {
            const isOther = ruleFor(other) === found && !found.keep.some((glob) => like(glob, other));
            return isOther && (age(index) < age(at) || (age(index) === age(at) && other < name));
          });
          if (last !== null && newer.length < last) return false;
          if (young !== null && age(at) < young) return false;
          return pulled === null || Math.min(age(at), given[at]?.pulled ?? 99) >= pulled;
        });
        expect([...(await gone(tags, rules))].sort()).toEqual(expected.map(({ tag: name }) => name as string).sort());
      },
    ),
  );
});
