/**
 * Words of a Dockerfile: quotes, escapes and variables, as BuildKit fills them in.
 *
 * Source: BuildKit v0.23, frontend/dockerfile/shell ("lex.go"); the Dockerfile reference, "Environment replacement".
 */
import type { Substitution } from "../files/variable-substitution.ts";
import { removeMatch, replaceMatches } from "./shell-pattern.ts";

/** Gives a variable's value; null when it has none. */
export type VariableLookup = (name: string) => string | null;

const NESTING_LIMIT = 16;

/**
 * Fills in a word: `$V`, `${V}`, `${V:-x}`, `${V-x}`, `${V:+x}`, `${V+x}`, `${V:?x}`, `${V?x}`, `${V#p}`, `${V##p}`,
 * `${V%p}`, `${V%%p}`, `${V/p/x}`, `${V//p/x}`. Quotes are taken off; nothing is filled in between single ones.
 * `escape` is the character that takes the next one's meaning away.
 */
export function expandWord(word: string, lookup: VariableLookup, escape = "\\"): Substitution {
  const expansion = new WordExpansion(word, lookup, escape);
  const text = expansion.until("", 0);
  return { text, missing: expansion.missing };
}

/** Cuts a line into words at white space that no quotes hold. Quotes and escapes stay, for `expandWord` to read. */
export function splitWords(line: string, escape = "\\"): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const char = line[at] ?? "";
    if (quote === "" && /\s/.test(char)) {
      if (word !== "") words.push(word);
      word = "";
      continue;
    }
    word += char;
    if (char === escape && quote !== "'") word += line[++at] ?? "";
    else if (quote === "" && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = "";
  }
  return word === "" ? words : [...words, word];
}

class WordExpansion {
  readonly missing: string[] = [];
  readonly #word: string;
  readonly #lookup: VariableLookup;
  readonly #escape: string;
  #at = 0;

  constructor(word: string, lookup: VariableLookup, escape: string) {
    this.#word = word;
    this.#lookup = lookup;
    this.#escape = escape;
  }

  /** Reads on to the character `stop`, which is consumed and not given back, or to the end. */
  until(stop: string, nesting: number): string {
    let output = "";
    while (this.#at < this.#word.length) {
      const char = this.#next();
      if (char === stop) return output;
      if (char === "'") output += this.#raw("'");
      else if (char === '"') output += this.#doubleQuoted(nesting);
      else if (char === this.#escape) output += this.#next();
      else output += char === "$" ? this.#dollar(nesting) : char;
    }
    return output;
  }

  #next(): string {
    return this.#word[this.#at++] ?? "";
  }

  #raw(stop: string): string {
    const end = this.#word.indexOf(stop, this.#at);
    const text = this.#word.slice(this.#at, end < 0 ? this.#word.length : end);
    this.#at += text.length + 1;
    return text;
  }

  #doubleQuoted(nesting: number): string {
    let output = "";
    while (this.#at < this.#word.length) {
      const char = this.#next();
      if (char === '"') break;
      if (char === "$") output += this.#dollar(nesting);
      else if (char === this.#escape) {
        const next = this.#next();
        output += next === '"' || next === "$" || next === this.#escape ? next : char + next;
      } else output += char;
    }
    return output;
  }

  /** What stands behind a dollar. */
  #dollar(nesting: number): string {
    if (this.#word[this.#at] === "{" && nesting <= NESTING_LIMIT) {
      this.#at++;
      return this.#braces(nesting + 1);
    }
    const name = /^[A-Za-z_]\w*/.exec(this.#word.slice(this.#at, this.#at + 256))?.[0] ?? "";
    this.#at += name.length;
    return name === "" ? "$" : (this.#lookup(name) ?? this.#lacks(name));
  }

  #braces(nesting: number): string {
    const start = this.#at;
    const name = /^[A-Za-z_]\w*/.exec(this.#word.slice(start, start + 256))?.[0] ?? "";
    this.#at += name.length;
    const operator = /^(?::?[-+?]|##?|%%?|\/\/?|\})/.exec(this.#word.slice(this.#at, this.#at + 2))?.[0] ?? "";
    this.#at += operator.length;
    if (name === "" || operator === "") {
      this.#raw("}");
      return this.#lacks(this.#word.slice(start, this.#at - 1));
    }
    const value = this.#lookup(name);
    if (operator === "}") return value ?? this.#lacks(name);
    if (/[#%/]/.test(operator)) return this.#edited(name, value, operator, nesting);
    return this.#defaulted(name, value, operator, nesting);
  }

  #edited(name: string, value: string | null, operator: string, nesting: number): string {
    if (operator.startsWith("/")) {
      const pattern = this.until("/", nesting);
      const replacement = this.until("}", nesting);
      return value === null ? this.#lacks(name) : replaceMatches(value, pattern, replacement, operator === "//");
    }
    const pattern = this.until("}", nesting);
    if (value === null) return this.#lacks(name);
    return removeMatch(value, pattern, operator.startsWith("#") ? "front" : "end", operator.length === 2);
  }

  #defaulted(name: string, value: string | null, operator: string, nesting: number): string {
    const isSet = value !== null && (value !== "" || !operator.startsWith(":"));
    const known = this.missing.length;
    const word = this.until("}", nesting);
    // A word that is not used needs no variables.
    if (isSet !== operator.endsWith("+")) this.missing.length = known;
    if (operator.endsWith("+")) return isSet ? word : "";
    if (isSet) return value;
    return operator.endsWith("-") ? word : this.#lacks(name);
  }

  #lacks(name: string): string {
    this.missing.push(name);
    return "";
  }
}
