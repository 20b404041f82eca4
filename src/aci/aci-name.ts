/**
 * The two kinds of names in an ACI. Source: appc/spec 0.8.11, spec/types.md, "AC Identifier Type" and "AC Name Type".
 *
 * The grammars allow one separator between letters and digits, so what is made here has runs of them folded into one.
 */
import { AciError } from "./aci-error.ts";

/** The longest identifier that is taken: a host, a path of 255 characters, and room. */
const MAX_IDENTIFIER = 600;

const IDENTIFIER = /^[a-z0-9]+(?:[-._~/][a-z0-9]+)*$/;

/** Is this an ACIdentifier (names of images, labels, annotations)? */
export function isIdentifier(text: string): boolean {
  return text.length <= MAX_IDENTIFIER && IDENTIFIER.test(text);
}

/** `text` as an ACIdentifier: lower case, `_` for what is not allowed, a `/` winning over its neighbours. Throws AciError. */
export function toIdentifier(text: string): string {
  const identifier = text
    .toLowerCase()
    .replace(/[^a-z0-9._~/-]/g, "_")
    .replace(/[-._~/]{2,}/g, (run) => (run.includes("/") ? "/" : run.charAt(0)))
    .replace(/^[-._~/]+|[-._~/]+$/g, "");
  if (isIdentifier(identifier)) return identifier;
  throw new AciError(
    `${JSON.stringify(text.slice(0, 80))} cannot be made a name in an ACI: no letter or digit is left of it`,
  );
}

/** `text` as an ACName (names of ports and mount points): lower case, `-` for what is not allowed; it may be empty. */
export function toAcName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/**
 * The name of an image that is found at `host`: `example.com/team/app`. A port cannot be part of a name, and discovery
 * could not use it: clients ask the name's host on port 443 or 80.
 */
export function aciNameAt(host: string, repository: string): string {
  return toIdentifier(`${host.replace(/:\d+$/, "")}/${repository}`);
}
