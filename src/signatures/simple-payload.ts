import * as v from "valibot";
import { type SignedImage, SignatureRejected } from "./signature.ts";
import { parseJson } from "./parse-json.ts";

const payload = v.looseObject({
  critical: v.looseObject({
    type: v.string(),
    image: v.looseObject({ "docker-manifest-digest": v.string() }),
  }),
});

const TYPE = "cosign container image signature";

/**
 * Checks that a payload of cosign's older format says that this very image is signed. Throws `SignatureRejected`.
 *
 * `critical.identity.docker-reference` is not looked at: an image is signed by what it is, and goes by other names at a
 * mirror. Source: cosign 2.6, SIGNATURE_SPEC.md.
 */
export function checkSimplePayload(bytes: Uint8Array, image: SignedImage): void {
  const { critical } = parseJson(bytes, payload, "its payload");
  if (critical.type !== TYPE)
    throw new SignatureRejected(`is of another type: ${JSON.stringify(critical.type.slice(0, 80))}`);
  if (critical.image["docker-manifest-digest"] !== image.digest) throw new SignatureRejected("is of another image");
}
