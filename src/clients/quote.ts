/** Text as the literals of the languages that nodes are configured in. Each takes any string without a NUL. */

/** One word of a POSIX shell: nothing in it is special (POSIX.1-2024, 2.2.2). */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A TOML basic string (TOML 1.0.0, "String"). JSON's escapes are TOML's; TOML forbids DEL unescaped, too. */
export function tomlString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll("\u007f", "\\u007F");
}

/** A TOML array of strings on one line. */
export function tomlStrings(texts: readonly string[]): string {
  return `[${texts.map(tomlString).join(", ")}]`;
}

/** A quoted word of `Environment=` in a systemd unit (systemd.syntax(7), "Quoting"): `%` begins a specifier, `$` is plain. */
export function systemdQuote(text: string): string {
  const escaped = text.replace(/["\\]/g, "\\$&").replaceAll("%", "%%").replaceAll("\n", "\\n");
  return `"${escaped}"`;
}
