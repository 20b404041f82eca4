import type { Work } from "../lib/async/turns.ts";
import type { Digest } from "../oci/digest.ts";
import { gatherSignatures, type GatheredSignatures } from "./gather-signatures.ts";
import { type Authority, type Signature, SignatureRejected, type SignedImage } from "./signature.ts";
import type { SignatureSource } from "./signature-source.ts";

/**
 * What was found of an image's signatures. `by` is the authority's name, `signature` the manifest that holds the one that
 * counted. `why` completes "it …": "has no signature", "has 2 signatures, and none is by the key acme.pub: …".
 */
export type Verdict =
  | { readonly isSigned: true; readonly by: string; readonly signature: Digest }
  | { readonly isSigned: false; readonly why: string };

/** Reasons that are told; the first ones say enough. */
const REASONS = 3;

/** Looks for a signature by one of the authorities. Throws what the source throws. */
export async function verifyImage(
  image: SignedImage,
  authorities: readonly Authority[],
  source: SignatureSource,
  work: Work,
  atMs: number,
): Promise<Verdict> {
  const kinds = new Set(authorities.flatMap(({ kinds: own }) => own));
  const gathered = await gatherSignatures(image.digest, kinds, source, work);
  const reasons = new Set<string>();
  for (const signature of gathered.signatures) {
    for (const authority of authorities) {
      await work.rest();
      const why = await rejectionOf(signature, authority, image, atMs);
      if (why === null) return { isSigned: true, by: authority.name, signature: signature.manifest };
      reasons.add(why);
    }
  }
  return { isSigned: false, why: describe(gathered, authorities, [...reasons]) };
}

/** Null when the signature counts; else why it does not. */
async function rejectionOf(
  signature: Signature,
  authority: Authority,
  image: SignedImage,
  atMs: number,
): Promise<string | null> {
  if (!authority.kinds.includes(signature.kind)) return "is of another kind";
  try {
    await authority.verify(signature, image, atMs);
    return null;
  } catch (error) {
    if (!(error instanceof SignatureRejected)) throw error;
    return error.message;
  }
}

function describe(
  { signatures, notes }: GatheredSignatures,
  authorities: readonly Authority[],
  reasons: readonly string[],
): string {
  const count = signatures.length;
  const noted = notes.length === 0 ? "" : ` (${[...new Set(notes)].slice(0, REASONS).join("; ")})`;
  const names = authorities.map(({ name }) => name).join(" or ");
  if (count === 0) return `has no signature by ${names}${noted}`;
  const told = reasons.slice(0, REASONS).map((reason) => `${count === 1 ? "it" : "one"} ${reason}`);
  const what = count === 1 ? "has a signature, but it is not" : `has ${count} signatures, none`;
  return `${what} by ${names}: ${told.join(", ")}${noted}`;
}
