import * as v from "valibot";
import { algorithmOf, hexOf } from "../oci/digest.ts";
import { parseJson } from "./parse-json.ts";
import { type SignedImage, SignatureRejected } from "./signature.ts";

const statement = v.looseObject({
  _type: v.picklist(["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"]),
  predicateType: v.string(),
  subject: v.array(v.looseObject({ digest: v.record(v.string(), v.string()) })),
});

/** What cosign's newer signatures state. Others state how an image was built, say: no signature of the image. */
const PREDICATE = "https://sigstore.dev/cosign/sign/v1";

/**
 * Checks that a statement of in-toto says that this very image is signed. Throws `SignatureRejected`.
 * Source: in-toto attestation framework, Statement v1; sigstore's libraries check neither subject nor predicate.
 */
export function checkStatement(bytes: Uint8Array, image: SignedImage): void {
  const { predicateType, subject } = parseJson(bytes, statement, "its statement");
  if (predicateType !== PREDICATE) {
    throw new SignatureRejected(`is an attestation (${JSON.stringify(predicateType.slice(0, 80))})`);
  }
  const [algorithm, hex] = [algorithmOf(image.digest), hexOf(image.digest)];
  const isOfImage = subject.some(({ digest }) => Object.hasOwn(digest, algorithm) && digest[algorithm] === hex);
  if (!isOfImage) throw new SignatureRejected("is of another image");
}
