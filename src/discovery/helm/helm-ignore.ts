/** `.helmignore`: which files of a chart's folder are no part of the chart. Source: Helm v3.22 and v4.3, pkg/ignore. */
import { shellPattern } from "./glob-pattern.ts";

/** Is the file or folder, by its path inside the chart, left out? */
export type IgnoreTest = (path: string, isFolder: boolean) => boolean;

type Rule = { readonly negates: boolean; readonly foldersOnly: boolean; readonly matches: (path: string) => boolean };

/** Hidden files among the templates are never templates. */
const DEFAULT_RULE = "templates/.?*";

/** Reads the rules, one a line. Throws for a rule that Helm refuses, which ends its reading of the chart. */
export function parseHelmIgnore(text: string): IgnoreTest {
  const lines = text.replace(/^\ufeff/, "").split("\n");
  const rules = [...lines, DEFAULT_RULE].flatMap((line) => parseRule(line.trim()) ?? []);
  return (path, isFolder) => {
    for (const { negates, foldersOnly, matches } of rules) {
      if (negates) {
        if ((foldersOnly && !isFolder) || !matches(path)) return true;
      } else if ((!foldersOnly || isFolder) && matches(path)) {
        return true;
      }
    }
    return false;
  };
}

function parseRule(line: string): Rule | null {
  if (line === "" || line.startsWith("#")) return null;
  if (line.includes("**")) throw new Error(`.helmignore: Helm takes no ** in ${JSON.stringify(line)}`);
  const negates = line.startsWith("!");
  const pattern = line.replace(/^!/, "").replace(/\/$/, "");
  const foldersOnly = line.endsWith("/");
  const test = shellPattern(pattern.replace(/^\//, ""));
  if (test === null) throw new Error(`.helmignore: the pattern ${JSON.stringify(line)} is broken`);
  // Without a slash the name alone counts, wherever it lies.
  const matches = pattern.includes("/") ? test : (path: string) => test(path.slice(path.lastIndexOf("/") + 1));
  return { negates, foldersOnly, matches };
}
