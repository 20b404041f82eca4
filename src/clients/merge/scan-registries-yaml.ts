/**
 * Reads registries.yaml line by line, in the form that people write: maps as blocks, `endpoint` as a list of either form.
 * A node has no reader of YAML, so that this one's twin is script/merge-rancher.awk; anything else is left to the person.
 */

/** What a section says of one registry or host. Lines are counted from 0. */
export type Entry = {
  /** The line of its key. */
  readonly line: number;
  /** The line of `endpoint:`, -1 without one. */
  endpoint: number;
  /** The line of the first endpoint, -1 when they are written in one line, or there is none. */
  first: number;
  isFlow: boolean;
  /** The endpoints, without a slash at their ends. */
  urls: string[];
  hasRewrite: boolean;
  /** The file of `ca_file`, empty without one. */
  authority: string;
};

/** `mirrors` or `configs`: by registry or host. `indent` is how far these are indented. */
export type Section = { readonly line: number; indent: number; readonly entries: Map<string, Entry> };

/** Null for a section that is not there. */
export type Sections = { mirrors: Section | null; configs: Section | null };

/** A line is not of a form that can be merged. The message is a reason for people. */
export class UnclearYaml extends Error {
  constructor(index: number) {
    super(`line ${index + 1} is not of a form that can be merged`);
  }
}

const KEY = /^("[^"\\]*"|'[^']*'|[A-Za-z0-9_.~/-][^ "'#]*):( +(.*))?$/;
const BARE = /^[^ "'#,[\]{}&*!|>%@`][^ "'#,{}&*!|>%@`]*$/;

/** Throws UnclearYaml at the first line that is not of the usual form. */
export function scanRegistriesYaml(lines: readonly string[]): Sections {
  const scan = new Scan();
  for (const [index, line] of lines.entries()) scan.line(index, line.replace(/[ \r]+$/, ""));
  return scan.sections;
}

class Scan {
  readonly sections: Sections = { mirrors: null, configs: null };
  #section: Section | null = null;
  #entry: Entry | null = null;
  /** How far the keys of the entry are indented, -1 before the first. */
  #indent = -1;
  /** The key of the entry that is being read. */
  #key = "";

  line(index: number, line: string): void {
    if (/^[ \t]*(#|$)/.test(line) || (line === "---" && this.#section === null)) return;
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    const rest = line.slice(indent);
    if (/^-( |$)/.test(rest)) return this.#item(index, rest.slice(1));
    const match = KEY.exec(rest);
    if (match === null) throw new UnclearYaml(index);
    const key = unquote(match[1] ?? "");
    const value = withoutComment(match[3] ?? "");
    if (indent === 0) return this.#begin(index, key, value);
    if (this.#section === null) throw new UnclearYaml(index);
    if (this.#section.entries.size === 0) this.#section.indent = indent;
    if (indent < this.#section.indent) throw new UnclearYaml(index);
    if (indent === this.#section.indent) return this.#enter(index, key, value);
    this.#inside(index, indent, key, value);
  }

  #begin(index: number, key: string, value: string): void {
    if ((key !== "mirrors" && key !== "configs") || value !== "" || this.sections[key] !== null) {
      throw new UnclearYaml(index);
    }
    this.#section = { line: index, indent: 2, entries: new Map() };
    this.sections[key] = this.#section;
    this.#entry = null;
  }

  #enter(index: number, key: string, value: string): void {
    if (value !== "" || this.#section?.entries.has(key) === true) throw new UnclearYaml(index);
    this.#entry = {
      line: index,
      endpoint: -1,
      first: -1,
      isFlow: false,
      urls: [],
      hasRewrite: false,
      authority: "",
    };
    this.#section?.entries.set(key, this.#entry);
    this.#indent = -1;
    this.#key = "";
  }

  #inside(index: number, indent: number, key: string, value: string): void {
    const entry = this.#entry;
    if (entry === null) throw new UnclearYaml(index);
    if (this.#indent < 0) this.#indent = indent;
    if (indent < this.#indent || key === "<<") throw new UnclearYaml(index);
    if (key === "ca_file") entry.authority = unquote(value);
    if (indent > this.#indent) {
      if (this.#key === "endpoint") throw new UnclearYaml(index);
      return;
    }
    this.#key = key;
    if (key === "rewrite") entry.hasRewrite = true;
    if (key === "endpoint" && this.#section === this.sections.mirrors) this.#endpoints(index, entry, value);
  }

  #endpoints(index: number, entry: Entry, value: string): void {
    if (entry.endpoint >= 0) throw new UnclearYaml(index);
    entry.endpoint = index;
    if (value === "") return;
    const list = /^\[ *(.*?) *\]$/.exec(value)?.[1];
    if (list === undefined) throw new UnclearYaml(index);
    entry.isFlow = true;
    if (list !== "") entry.urls = list.split(/ *, */).map((url) => urlAt(index, url));
  }

  #item(index: number, rest: string): void {
    const entry = this.#entry;
    if (entry === null) throw new UnclearYaml(index);
    if (this.#key !== "endpoint" || this.#section !== this.sections.mirrors) return;
    if (entry.isFlow) throw new UnclearYaml(index);
    if (entry.first < 0) entry.first = index;
    entry.urls.push(urlAt(index, withoutComment(rest.replace(/^ +/, ""))));
  }
}

function urlAt(index: number, written: string): string {
  const url = unquote(written);
  if (!BARE.test(url)) throw new UnclearYaml(index);
  return url.replace(/\/$/, "");
}

function unquote(text: string): string {
  return /^(".*"|'.*')$/.test(text) ? text.slice(1, -1) : text;
}

/** A comment begins at the beginning, or behind a space. */
function withoutComment(text: string): string {
  return text.replace(/^#.*/, "").replace(/ +#.*$/, "");
}
