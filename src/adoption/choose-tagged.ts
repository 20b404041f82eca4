import type { Digest } from "../oci/digest.ts";
import type { ManifestThere } from "./stored-manifest.ts";

/** Of some manifests, those that are tagged, what these lead to, and what is attached to any of them or to what is `held`. */
export function chooseTagged(
  tagged: Iterable<Digest>,
  held: ReadonlySet<Digest>,
  manifests: readonly ManifestThere[],
): ReadonlySet<Digest> {
  const byDigest = new Map(manifests.map((one) => [one.digest, one]));
  const attached = Map.groupBy(
    manifests.filter(({ subject }) => subject !== null),
    ({ subject }) => subject,
  );
  const chosen = new Set<Digest>([...tagged, ...held]);
  // A set goes on to what is added to it meanwhile.
  for (const digest of chosen) {
    for (const below of byDigest.get(digest)?.manifests ?? []) chosen.add(below);
    for (const one of attached.get(digest) ?? []) chosen.add(one.digest);
  }
  return chosen;
}
