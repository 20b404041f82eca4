/**
 * Kubernetes' and Helm's YAML parser takes brackets and quotes whose further lines are indented less than YAML 1.2 asks
 * for; our parser does not. Spaces there mean nothing, so they are added: no line moves.
 *
 * Source: YAML 1.2.2, section 7.4 ("Flow Collection Styles"); go-yaml v2 and v3, which accept less.
 */

/** The text with the further lines of brackets and quoted strings indented deeply. Comments and block texts stay. */
export function indentContinuations(text: string): string {
  let depth = 0;
  let quote = "";
  let blockIndent = -1;
  const indented: string[] = [];
  for (const line of text.split("\n")) {
    const isInside = depth > 0 || quote !== "";
    const indent = line.search(/\S/);
    const isBlockText = !isInside && blockIndent >= 0 && (indent < 0 || indent > blockIndent);
    indented.push(isInside ? " ".repeat(64) + line : line);
    if (isBlockText) continue;
    blockIndent = -1;
    for (let at = 0; at < line.length; at++) {
      const char = line[at] ?? "";
      if (quote !== "") {
        if (char === "\\" && quote === '"') at++;
        else if (char === quote) quote = "";
      } else if (char === "#" && /^\s?$/.test(line[at - 1] ?? "")) break;
      else if ("\"'[{".includes(char) && (depth > 0 || startsValue(line.slice(0, at)))) {
        if (char === "[" || char === "{") depth++;
        else quote = char;
      } else if ((char === "]" || char === "}") && depth > 0) depth--;
    }
    if (depth === 0 && quote === "" && /(?:^|\s)[|>][+-]?\d?[+-]?\s*(?:#.*)?$/.test(line)) blockIndent = indent;
  }
  return indented.join("\n");
}

/** May a bracket or quote after this open something, or is it part of a plain text? */
function startsValue(before: string): boolean {
  return /(?:^|:\s|-\s|\?\s|[&!]\S*\s)\s*$/.test(before);
}
