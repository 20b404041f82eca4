/**
 * One challenge of a `WWW-Authenticate` header: `Bearer realm="https://auth.docker.io/token",service="…"`.
 *
 * `scheme` and the names of `parameters` are in lower case. `token68` is what stands in the place of parameters in some
 * schemes (`Negotiate dGVzdA==`), null mostly.
 */
export type Challenge = {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly token68: string | null;
};

const HEADER_LIMIT = 16 * 1024;
const CHALLENGE_LIMIT = 16;

const SEPARATORS = /[\s,]*/y;
const SCHEME = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[ \t]+([0-9A-Za-z._~+/-]+=*)(?=[ \t]*(?:,|$))/y;
// A value without quotes may hold anything but separators: registries send bare URLs.
const PARAMETER = /[\s,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[^])*)(?:"|$)|([^\s,"=][^\s,"]*))/y;

/**
 * Reads the challenges of a `WWW-Authenticate` header, in their order; several headers may have been joined with commas.
 * What is not understood ends the reading; a header of more than 16 KiB holds none. Source: RFC 9110, section 11.6.1.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  if (header.length > HEADER_LIMIT) return challenges;
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (challenges.length < CHALLENGE_LIMIT) {
    take(SEPARATORS);
    const scheme = take(SCHEME)?.[0];
    if (scheme === undefined) break;
    const token68 = take(TOKEN68)?.[1] ?? null;
    const parameters = new Map<string, string>();
    for (let match = nextParameter(take, token68); match !== null; match = take(PARAMETER)) {
      const name = (match[1] ?? "").toLowerCase();
      const value = match[2]?.replace(/\\([^])/g, "$1") ?? match[3] ?? "";
      // A name given twice is an error; the first one counts.
      if (!parameters.has(name)) parameters.set(name, value);
    }
    challenges.push({ scheme: scheme.toLowerCase(), parameters, token68 });
  }
  return challenges;
}

function nextParameter(take: (pattern: RegExp) => RegExpExecArray | null, token68: string | null) {
  return token68 === null ? take(PARAMETER) : null;
}
