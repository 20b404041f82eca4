import { ACTIONS } from "../action.ts";
import type { Rule } from "./rule.ts";

/** A rule in a sentence, for who has not written it: `every user may pull and push everything`. */
export function ruleWords({ text, actions }: Rule): string {
  const all = ACTIONS.filter((action) => actions.has(action));
  const may = all.length === ACTIONS.length ? "do everything with" : listed(all);
  const claims = Object.entries(text.claims ?? {}).map(([name, glob]) => `whose ${name} is ${glob}`);
  const who = [subjectWords(text.subject), ...(claims.length === 0 ? [] : [listed(claims)])].join(" ");
  const what = text.names.includes("**") ? "everything" : listed(text.names);
  return `${who} may ${may} ${what}`;
}

function subjectWords(subject: string): string {
  switch (subject) {
    case "anonymous":
      return "everybody";
    case "authenticated":
      return "everybody who logged in, but tokens and users with rights of their own,";
    case "this-machine":
      return "whoever asks from larder's own machine, without a login,";
    case "*":
      return "every user without rights of their own";
    case "certificate:*":
      return "whoever shows a client certificate";
    case "token:*":
      return "every token";
    default:
      return subjectOf(subject);
  }
}

function subjectOf(subject: string): string {
  const colon = subject.indexOf(":");
  if (colon < 0) return `${subject.includes("*") ? "users called" : "the user"} ${subject}`;
  const [kind, name] = [subject.slice(0, colon), subject.slice(colon + 1)];
  if (kind === "token") return `${name.includes("*") ? "tokens called" : "the token"} ${name}`;
  if (kind === "certificate") return `client certificates called ${name}`;
  return name === "*" || name === "**" ? `jobs of ${kind}` : `jobs of ${kind} called ${name}`;
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? "nothing";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}
