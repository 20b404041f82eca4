/**
 * `$NAME` and `${NAME…}` as shells, Compose files, Dockerfiles and Flux write them.
 *
 * Source: the Compose specification, "Interpolation"; the Dockerfile reference, "Environment replacement".
 */

/** The text with its variables filled in, and the names of those that have neither a value nor a default. */
export type Substitution = { readonly text: string; readonly missing: readonly string[] };

const NESTING_LIMIT = 16;

/**
 * Fills in `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:=default}`, `${NAME:+other}`,
 * `${NAME+other}`, `${NAME:?message}` and `${NAME?message}`; defaults may hold variables themselves. `$$` is a dollar.
 */
export function substituteVariables(text: string, values: ReadonlyMap<string, string>, nesting = 0): Substitution {
  const missing: string[] = [];
  let output = "";
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0 || dollar === text.length - 1) break;
    output += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next === "$") {
      output += "$";
      at = dollar + 2;
      continue;
    }
    const end = next === "{" ? closingBrace(text, dollar + 2) : -1;
    const bare = /^[A-Za-z_]\w*/.exec(text.slice(dollar + 1, dollar + 129))?.[0];
    if (end >= 0) {
      const part = substituteBraces(text.slice(dollar + 2, end), values, nesting);
      output += part.text;
      missing.push(...part.missing);
      at = end + 1;
    } else if (bare !== undefined) {
      output += values.get(bare) ?? "";
      if (!values.has(bare)) missing.push(bare);
      at = dollar + 1 + bare.length;
    } else {
      output += "$";
      at = dollar + 1;
    }
  }
  return { text: output + text.slice(at), missing };
}

function substituteBraces(inner: string, values: ReadonlyMap<string, string>, nesting: number): Substitution {
  const parts = /^([A-Za-z_]\w*)(?:(:?[-=?+])([\s\S]*))?$/.exec(inner);
  const name = parts?.[1];
  if (name === undefined || nesting > NESTING_LIMIT) return { text: "", missing: [inner] };
  const operator = parts?.[2] ?? "";
  const value = values.get(name);
  const isSet = value !== undefined && (value !== "" || !operator.startsWith(":"));
  if (operator.endsWith("+")) {
    return isSet ? substituteVariables(parts?.[3] ?? "", values, nesting + 1) : { text: "", missing: [] };
  }
  if (isSet) return { text: value, missing: [] };
  if (operator === "" || operator.endsWith("?")) return { text: "", missing: [name] };
  return substituteVariables(parts?.[3] ?? "", values, nesting + 1);
}

function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "{" && text[at - 1] === "$") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
}
