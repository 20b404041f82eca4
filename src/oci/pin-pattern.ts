/**
 * What a pin says: an image pattern (`docker.io/library/nginx:1.*`, `team/**`: every tag, or every manifest of the names),
 * or one manifest of a repository by its digest (`quay.io/coreos/etcd@sha256:…`).
 */
import { type Digest, parseDigest } from "./digest.ts";
import { parseImagePattern, parseNamePattern } from "./image-pattern.ts";
import type { RepositoryName } from "./repository-name.ts";
import type { Tag } from "./tag.ts";

/** A pin, parsed. `text` is its canonical spelling: equal ones hold the same. */
export type PinPattern = {
  readonly text: string;
  /** The one repository that it is about; null when its name has stars. */
  readonly repository: RepositoryName | null;
  /** Does it hold the manifest of this digest, which has this tag, or is looked at without one? */
  holds(repository: RepositoryName, tag: Tag | null, digest: Digest): boolean;
};

/** Parses a pin. Throws NAME_INVALID or DIGEST_INVALID. */
export function parsePinPattern(text: string): PinPattern {
  const at = text.indexOf("@");
  if (at >= 0) {
    const name = parseNamePattern(text.slice(0, at));
    const digest = parseDigest(text.slice(at + 1));
    const holds = (repository: RepositoryName, _: Tag | null, held: Digest) =>
      held === digest && name.matches(repository);
    return { text: `${name.text}@${digest}`, repository: onlyName(name.text), holds };
  }
  const { text: full, name, tag } = parseImagePattern(text);
  const holds = (repository: RepositoryName, held: Tag | null) =>
    (tag === null || (held !== null && tag.matches(held))) && name.matches(repository);
  return { text: full, repository: onlyName(name.text), holds };
}

function onlyName(text: string): RepositoryName | null {
  return text.includes("*") ? null : (text as RepositoryName);
}
