/** What a build knows before it begins, and what its variables are worth where an instruction stands. */
import { formatPlatform, type Platform } from "../../oci/platform.ts";
import type { Substitution } from "../files/variable-substitution.ts";
import { expandWord, splitWords } from "./expand-word.ts";

/** How a Dockerfile is built. */
export type BuildOptions = {
  /** The platform that the image is built for. */
  readonly platform: Platform;
  /** The platform of the machine that builds. */
  readonly buildPlatform: Platform;
  /** Build arguments that are given; they win over defaults. */
  readonly args?: ReadonlyMap<string, string>;
  /** Named contexts by name: the image that takes a name's place, or null for something that is no image. */
  readonly contexts?: ReadonlyMap<string, string | null>;
};

/** The variables of one scope: before the first FROM, or of a stage. */
export class BuildScope {
  readonly #given: ReadonlyMap<string, string>;
  readonly #escape: string;
  readonly #values: Map<string, string>;
  /** Variables that were made of such as have no value, with the names of those. */
  readonly #open: Map<string, readonly string[]>;
  readonly #outer: BuildScope | null;

  constructor(options: BuildOptions, escape: string, outer: BuildScope | null = null, inherited?: BuildScope) {
    this.#given = options.args ?? new Map();
    this.#escape = escape;
    this.#outer = outer;
    const beginning = outer === null ? platformArguments(options) : [];
    this.#values = new Map(inherited === undefined ? beginning : inherited.#values);
    this.#open = new Map(inherited === undefined ? [] : inherited.#open);
  }

  /** `ARG NAME`, `ARG NAME=value NAME=value`. */
  declareArguments(rest: string): void {
    for (const word of splitWords(rest, this.#escape)) {
      const [name, value] = splitAtEquals(word);
      const given = this.#given.get(name);
      if (given !== undefined) {
        this.#values.set(name, given);
        this.#open.delete(name);
      } else if (value !== null) this.#set(name, value);
    }
  }

  /** `ENV NAME=value NAME=value`, `ENV NAME value`. */
  setEnvironment(rest: string): void {
    const words = splitWords(rest, this.#escape);
    if (words.length > 0 && !words[0]?.includes("=")) {
      return this.#set(words[0] ?? "", rest.slice(rest.indexOf(words[0] ?? "") + (words[0] ?? "").length).trim());
    }
    for (const word of words) {
      const [name, value] = splitAtEquals(word);
      if (value !== null) this.#set(name, value);
    }
  }

  /** The word with what is known filled in; `missing` are the arguments without a value, directly or through others. */
  expand(word: string): Substitution {
    const open: string[] = [];
    const { text, missing } = expandWord(word, (name) => this.#lookUp(name, open), this.#escape);
    return { text, missing: [...new Set([...missing, ...open])] };
  }

  #set(name: string, value: string): void {
    const { text, missing } = this.expand(value);
    this.#values.set(name, text);
    if (missing.length > 0) this.#open.set(name, missing);
    else this.#open.delete(name);
  }

  /** Looked for in the stage, then before the first FROM, where BuildKit's platform arguments are. */
  #lookUp(name: string, open: string[]): string | null {
    const value = this.#values.get(name);
    if (value === undefined) return this.#outer === null ? null : this.#outer.#lookUp(name, open);
    open.push(...(this.#open.get(name) ?? []));
    return value;
  }
}

function splitAtEquals(word: string): [name: string, value: string | null] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word, null] : [word.slice(0, equals), word.slice(equals + 1)];
}

/** Source: the Dockerfile reference, "Automatic platform ARGs in the global scope". */
function platformArguments({ platform, buildPlatform }: BuildOptions): [string, string][] {
  return [["BUILD", buildPlatform] as const, ["TARGET", platform] as const].flatMap(
    ([prefix, { os, architecture, variant = "", osVersion = "" }]): [string, string][] => [
      [`${prefix}PLATFORM`, formatPlatform({ os, architecture, ...(variant === "" ? {} : { variant }) })],
      [`${prefix}OS`, os],
      [`${prefix}OSVERSION`, osVersion],
      [`${prefix}ARCH`, architecture],
      [`${prefix}VARIANT`, variant],
    ],
  );
}
