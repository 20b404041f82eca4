import { compileGlob } from "../../lib/text/glob.ts";
import { type ImagePattern, parseImagePattern } from "../../oci/image-pattern.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";

/**
 * A rule for pushed tags: those that its pattern matches go, save those that one of its other parts keeps. At least one of
 * `keepLast` (from 1 on), `keepYoungerMs` and `keepPulledWithinMs` is there; null: that part keeps nothing.
 */
export type RetentionRule = {
  /** As `parseImagePattern` reads it. */
  readonly pattern: string;
  /** So many of each repository, the newest by when they were pushed. What `keep` keeps is not among them. */
  readonly keepLast: number | null;
  /** Those that were pushed so lately. */
  readonly keepYoungerMs: number | null;
  /** Those that were pulled, by whatever name, or pushed so lately. */
  readonly keepPulledWithinMs: number | null;
  /** Globs for tags: those with such a name. */
  readonly keep: readonly string[];
};

/** A rule, ready to be applied. */
export type CompiledRule = Omit<RetentionRule, "pattern" | "keep"> & {
  readonly pattern: ImagePattern;
  readonly keep: readonly { readonly text: string; matches(tag: Tag): boolean }[];
};

/** Makes a rule ready. Throws NAME_INVALID for a pattern that is none. */
export function compileRule(rule: RetentionRule): CompiledRule {
  const keep = rule.keep.map((text) => ({ text, matches: compileGlob(text) }));
  return { ...rule, pattern: parseImagePattern(rule.pattern), keep };
}

/** Which of the rules decides on a tag: the first that matches it. Undefined: none, and it stays. */
export function findRule(
  rules: readonly CompiledRule[],
  repository: RepositoryName,
  tag: Tag,
): CompiledRule | undefined {
  return rules.find(({ pattern }) => {
    return pattern.name.matches(repository) && (pattern.tag === null || pattern.tag.matches(tag));
  });
}

/** The same text for the same rules, in the same order. */
export function fingerprintOf(rules: readonly CompiledRule[]): string {
  const text = JSON.stringify(
    rules.map(({ pattern, keep, ...limits }) => [pattern.text, keep.map((one) => one.text), limits]),
  );
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}
