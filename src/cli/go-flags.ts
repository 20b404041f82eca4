/** The flags of docker2aci that have no value. */
export const DOCKER2ACI_SWITCHES = [
  "nosquash",
  "debug",
  "json",
  "experimental-oci",
  "version",
  "insecure-skip-verify",
  "insecure-allow-http",
];

/**
 * Words as Go's package `flag` reads them, in the form that commander does: `-name` is `--name`, and a flag without a value
 * may say `=true` or `=false`. `switches` are those without a value. Source: Go 1.26, package flag, "Command line flag syntax".
 */
export function readGoFlags(words: readonly string[], switches: readonly string[]): string[] {
  return words.flatMap((word) => {
    const match = /^--?([a-zA-Z][\w-]+)(=.*)?$/s.exec(word);
    const [name = "", value = ""] = [match?.[1], match?.[2]];
    if (name === "") return [word];
    if (!switches.includes(name)) return [`--${name}${value}`];
    if (/^=(?:0|f|false)$/i.test(value)) return [];
    return [/^(?:=(?:1|t|true))?$/i.test(value) ? `--${name}` : `--${name}${value}`];
  });
}
