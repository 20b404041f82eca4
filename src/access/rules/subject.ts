/**
 * Whom a rule is for, as larder.yaml spells it:
 *
 * | text               | means                                                                   |
 * |--------------------|-------------------------------------------------------------------------|
 * | anonymous          | everybody, those included who proved who they are                       |
 * | authenticated      | everybody who did, but tokens of larder's own and users with grants     |
 * | this-machine       | who asks from the machine that larder runs on, and proved nothing       |
 * | bob, build-*       | users                                                                   |
 * | token:ci           | tokens of larder's own                                                  |
 * | certificate:node-* | client certificates, by the common name                                 |
 * | PROVIDER:TEXT      | workloads of an issuer that is configured, by the subject of their token |
 *
 * A star is any run of characters but slashes, two are any run at all; a star alone is everyone.
 */
import { compileGlob } from "../../lib/text/glob.ts";
import { whyNoUserName } from "../directory.ts";
import type { Principal } from "../principal.ts";

/** Whom a rule is for. */
export type Subject =
  | { readonly kind: "anonymous" | "authenticated" | "this-machine" }
  | { readonly kind: "user" | "token" | "certificate"; readonly matches: (name: string) => boolean }
  | { readonly kind: "workload"; readonly provider: string; readonly matches: (name: string) => boolean };

const LENGTH_LIMIT = 512;

/** The subject that a text spells. Throws an Error that says what is wrong. Whether there is such a provider is not known here. */
export function parseSubject(text: string): Subject {
  if (text === "anonymous" || text === "authenticated" || text === "this-machine") return { kind: text };
  if (text.length > LENGTH_LIMIT || /[\s\p{Cc}]/u.test(text)) throw new Error("it has blanks, or is too long");
  const colon = text.indexOf(":");
  if (colon < 0) {
    const why = whyNoUserName(text.replaceAll("*", "x"));
    if (why !== null) throw new Error(why);
    return { kind: "user", matches: globOf(text) };
  }
  const [kind, name] = [text.slice(0, colon), text.slice(colon + 1)];
  if (name === "") throw new Error(`nobody's name stands behind the colon; ${kind}:* is all of them`);
  if (kind === "token" || kind === "certificate") return { kind, matches: globOf(name) };
  if (!/^[A-Za-z0-9][\w.-]*$/.test(kind))
    throw new Error("before the colon there is token, certificate, or a provider");
  return { kind: "workload", provider: kind, matches: globOf(name) };
}

/** Is this principal meant? `claims` are looked at elsewhere. */
export function isMeant(subject: Subject, principal: Principal): boolean {
  switch (subject.kind) {
    case "anonymous":
      return true;
    case "authenticated":
      return isKnown(principal) && !hasOwnGrants(principal);
    case "this-machine":
      return principal.kind === "own-machine";
    case "workload":
      return (
        principal.kind === "workload" && principal.provider === subject.provider && subject.matches(principal.name)
      );
    default:
      return principal.kind === subject.kind && subject.matches(principal.name);
  }
}

/** Has it been proved who that is? */
export function isKnown({ kind }: Principal): boolean {
  return kind !== "stranger" && kind !== "own-machine";
}

/** Was somebody given grants, so that what all may who are known is not theirs? */
export function hasOwnGrants(principal: Principal): boolean {
  return principal.kind === "token" || (principal.kind === "user" && (principal.grants ?? null) !== null);
}

function globOf(text: string): (name: string) => boolean {
  return compileGlob(text === "*" ? "**" : text);
}
