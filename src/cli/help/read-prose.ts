/** A part of a text: sentences of one paragraph, a line of two columns, or a line that stays as it is. */
export type ProsePart =
  | { readonly kind: "paragraph"; readonly text: string }
  | { readonly kind: "item"; readonly term: string; readonly meaning: string }
  | { readonly kind: "line"; readonly text: string };

/**
 * Takes a description apart as help shows it: lines that were broken for the source are one paragraph, up to an
 * empty line; an indented line is a line, and what stands behind two blanks in it is the meaning of its term.
 */
export function readProse(text: string): readonly ProsePart[] {
  const parts: ProsePart[] = [];
  let sentences: string[] = [];
  const endParagraph = () => {
    if (sentences.length > 0) parts.push({ kind: "paragraph", text: sentences.join(" ") });
    sentences = [];
  };
  for (const line of text.split("\n")) {
    const indented = /^ +(\S.*)$/.exec(line)?.[1];
    if (indented === undefined) {
      if (line === "") endParagraph();
      else sentences.push(line);
      continue;
    }
    endParagraph();
    const [, term, meaning] = /^(\S.*?) {2,}(\S.*)$/.exec(indented) ?? [];
    parts.push(
      term === undefined || meaning === undefined
        ? { kind: "line", text: indented }
        : { kind: "item", term: term.replace(/:$/, ""), meaning },
    );
  }
  endParagraph();
  return parts;
}
