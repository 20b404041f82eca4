/** Words of one question; each is compared with every name. */
const MOST_WORDS = 10;
const LONGEST_WORD = 256;

/**
 * The words that somebody looks for, of what they typed or pasted: each is to be found in an image's name, in any order. A name
 * with a digest is two; so is one of Docker Hub without `library/`, as Docker has it.
 */
export function searchWords(text: string): readonly string[] {
  return text
    .replaceAll(/[\p{Cc}\p{Cs}]/gu, " ")
    .split(/[\s@]+/u)
    .flatMap((word) => splitHub(word.replace(/^[a-z-]+:\/\//, "")))
    .filter((word) => word !== "")
    .map((word) => word.slice(0, LONGEST_WORD))
    .slice(0, MOST_WORDS);
}

function splitHub(word: string): readonly string[] {
  const match = /^(?:(?:index|registry-1)\.)?(docker\.io\/)([^/]*)$/.exec(word);
  return match === null ? [word] : match.slice(1);
}
