/**
 * Patterns for images, as rules, pins, retention and signatures name them: `docker.io/library/*`, `team/**:v1.*`,
 * `**`. `*` is any run of characters within one component, `**` any run at all (`lib/text/glob.ts`).
 *
 * What comes before the first slash is a registry if it looks like one (a dot, a colon, `localhost`), is `local`, or
 * begins with a star, which then stands for any registry; else the pattern is one of `local`, as the name would be.
 * docker.io's names of one component are those of `library/`, in patterns too.
 */
import { compileGlob } from "../lib/text/glob.ts";
import { quoteBriefly } from "./digest.ts";
import { RegistryError } from "./registry-error.ts";
import { DOCKER_HUB, LOCAL, looksLikeHost, type RepositoryName, tryParseNamespace } from "./repository-name.ts";
import type { Tag } from "./tag.ts";

/** A pattern for full names of repositories. `text` is its full spelling: equal ones match the same. */
export type NamePattern = { readonly text: string; matches(name: RepositoryName): boolean };

/** A pattern for tags of repositories. `tag` is null where it leaves the tag open. */
export type ImagePattern = {
  readonly text: string;
  readonly name: NamePattern;
  readonly tag: { readonly text: string; matches(tag: Tag): boolean } | null;
};

const LENGTH_LIMIT = 512;
const NAME_CHARACTERS = /^[a-z0-9._\-/*:[\]]+$/;
const TAG_CHARACTERS = /^[\w.\-*]+$/;

/** The pattern for names that a text spells. Throws NAME_INVALID, saying why. */
export function parseNamePattern(text: string): NamePattern {
  if (text.length > LENGTH_LIMIT || !NAME_CHARACTERS.test(text) || /^\/|\/$|\/\//.test(text)) {
    throw invalid(text, "it is made of the characters of names in lower case, slashes and stars");
  }
  const full = fullSpelling(text);
  const matches = compileGlob(full);
  return { text: full, matches };
}

/** The pattern for images that a text spells: one for names, with one for tags behind a colon or without. Throws NAME_INVALID. */
export function parseImagePattern(text: string): ImagePattern {
  const colon = text.lastIndexOf(":");
  if (colon <= text.lastIndexOf("/")) {
    const name = parseNamePattern(text);
    return { text: name.text, name, tag: null };
  }
  const name = parseNamePattern(text.slice(0, colon));
  const tag = text.slice(colon + 1);
  if (tag.length > LENGTH_LIMIT || !TAG_CHARACTERS.test(tag)) {
    throw invalid(text, "behind the last colon there is a tag, of letters, digits, '.', '_', '-' and stars");
  }
  return { text: `${name.text}:${tag}`, name, tag: { text: tag, matches: compileGlob(tag) } };
}

function fullSpelling(text: string): string {
  const slash = text.indexOf("/");
  const first = slash < 0 ? text : text.slice(0, slash);
  if (first.startsWith("*")) return text;
  if (slash < 0) {
    if (looksLikeHost(first)) throw invalid(text, `it names a registry alone; write ${first}/** for all of its images`);
    if (first === LOCAL) throw invalid(text, "it names a registry alone; write local/** for all of its images");
    return `${LOCAL}/${text}`;
  }
  if (first === LOCAL) return text;
  if (!looksLikeHost(first)) return `${LOCAL}/${text}`;
  const rest = text.slice(slash + 1);
  const namespace = first.includes("*") ? first : tryParseNamespace(first);
  if (namespace === null) throw invalid(text, `${quoteBriefly(first)} is not the name of a registry`);
  const isShort = namespace === DOCKER_HUB && !rest.includes("/") && !rest.includes("**");
  return `${namespace}/${isShort ? "library/" : ""}${rest}`;
}

function invalid(text: string, why: string): RegistryError {
  return new RegistryError("NAME_INVALID", `${quoteBriefly(text)} is not a pattern of names: ${why}`);
}
