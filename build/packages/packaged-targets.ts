import { findTarget, type Target, TARGETS } from "../target.ts";

/** The targets that there are packages for, or those of the processors that are named, in anyone's words. Throws an Error. */
export function packagedTargets(words: readonly string[]): readonly Target[] {
  if (words.length === 0) return TARGETS.filter(isPackaged);
  return words.map((word) => {
    const found = findTarget(word);
    if (found !== null && isPackaged(found)) return found;
    throw new Error(`there is no package for ${JSON.stringify(word)}; there are some for amd64 and arm64`);
  });
}

/** Distributions with these kinds of packages have glibc. */
function isPackaged({ libc }: Target): boolean {
  return libc === "glibc";
}
