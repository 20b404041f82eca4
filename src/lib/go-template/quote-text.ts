/** Go's `%q`: a text between double quotes, with what cannot be printed escaped. Source: Go 1.26, strconv.Quote. */
export function quoteText(text: string): string {
  return JSON.stringify(text)
    .replace(/\\u00([01][\da-f])/g, (_, code: string) => CONTROLS[code] ?? `\\x${code}`)
    .replaceAll("\x7f", "\\x7f");
}

const CONTROLS: Readonly<Record<string, string>> = { "07": "\\a", "0b": "\\v" };
