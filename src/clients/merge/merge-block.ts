import { impossible, type MergeResult, merged } from "./merge-result.ts";

/**
 * Puts `block` between the marks of `targetName` at the end of `text`; a block that is there is replaced.
 * `conflict` is the pattern of lines that it cannot stand beside, or null. script/plan.sh does the same on nodes.
 */
export function mergeBlock(text: string, block: string, targetName: string, conflict: string | null): MergeResult {
  const [first, last] = [`# BEGIN larder ${targetName}`, `# END larder ${targetName}`];
  const kept: string[] = [];
  let inside = false;
  for (const line of text === "" ? [] : text.replace(/\n$/, "").split("\n")) {
    if (line === (inside ? last : first)) inside = !inside;
    else if (line === first || line === last) return missingMark();
    else if (!inside) kept.push(line);
  }
  if (inside) return missingMark();
  if (conflict !== null && kept.some((line) => new RegExp(conflict).test(line))) {
    return impossible(`it has settings of its own that larder's cannot stand beside. Add these by hand:\n${block}`);
  }
  return merged(`${kept.map((line) => `${line}\n`).join("")}${first}\n${block}${last}\n`);
}

function missingMark(): MergeResult {
  return impossible("one of larder's two marks is missing in it. Take out the block by hand");
}
