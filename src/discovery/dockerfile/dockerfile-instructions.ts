/**
 * A Dockerfile's text as instructions.
 *
 * Source: BuildKit v0.23, frontend/dockerfile/parser: directives, continued lines, here-documents.
 */

/** An instruction. `name` is in upper case; `rest` is what stands behind it, continued lines joined. */
export type Instruction = { readonly name: string; readonly rest: string; readonly line: number };

/** A Dockerfile. `syntax` is the frontend's image that it asks for, null when it asks for none. */
export type Dockerfile = {
  readonly escape: "\\" | "`";
  readonly syntax: { readonly image: string; readonly line: number } | null;
  readonly instructions: readonly Instruction[];
};

/** Reads a Dockerfile; comments and the bodies of here-documents are left out. */
export function parseDockerfile(text: string): Dockerfile {
  const lines = text.split("\n");
  const directives = directivesOf(lines);
  const escape = directives.get("escape")?.value === "`" ? "`" : "\\";
  const syntax = directives.get("syntax");
  return {
    escape,
    syntax: syntax === undefined ? null : { image: syntax.value.split(/\s/, 1)[0] ?? "", line: syntax.line },
    instructions: instructionsOf(lines, escape),
  };
}

/** The directives at the very top: the first line that is none ends them, an empty one, too. */
function directivesOf(lines: readonly string[]): Map<string, { readonly value: string; readonly line: number }> {
  const directives = new Map<string, { value: string; line: number }>();
  for (const [index, line] of lines.entries()) {
    if (index === 0 && line.startsWith("#!")) continue;
    const parts = /^\s*(?:#|\/\/)\s*([A-Za-z][\w-]*)\s*=\s*(.+?)\s*$/.exec(line);
    if (parts === null) break;
    directives.set((parts[1] ?? "").toLowerCase(), { value: parts[2] ?? "", line: index + 1 });
  }
  return directives;
}

function instructionsOf(lines: readonly string[], escape: string): Instruction[] {
  const instructions: Instruction[] = [];
  const pending: string[] = [];
  let firstLine = 0;
  let hereDocuments: HereDocument[] = [];
  for (const [index, raw] of lines.entries()) {
    const line = raw.trimEnd();
    const [open] = hereDocuments;
    if (open !== undefined) {
      if ((open.isIndented ? line.replace(/^\t+/, "") : line) === open.end) hereDocuments.shift();
      continue;
    }
    if (/^\s*(?:#|$)/.test(line)) continue;
    // Two escapes at the end are one that is escaped.
    const continues = line.endsWith(escape) && !line.endsWith(escape + escape);
    if (pending.length === 0) firstLine = index + 1;
    pending.push(continues ? line.slice(0, -1) : line);
    if (continues) continue;
    const [, name = "", rest = ""] = /^\s*(\S+)\s*([\s\S]*)$/.exec(pending.join("")) ?? [];
    instructions.push({ name: name.toUpperCase(), rest, line: firstLine });
    hereDocuments = hereDocumentsOf(name, rest);
    pending.length = 0;
  }
  return instructions;
}

type HereDocument = { readonly end: string; readonly isIndented: boolean };

function hereDocumentsOf(name: string, rest: string): HereDocument[] {
  if (!/^(?:RUN|COPY|ADD|ONBUILD)$/i.test(name)) return [];
  return [...rest.matchAll(/(?:^|\s)\d*<<(-?)(["']?)([\w.-]+)\2/g)].map(([, dash, , end = ""]) => {
    return { end, isIndented: dash === "-" };
  });
}
