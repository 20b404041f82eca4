import { type Digest, digestOf, hexOf } from "../../oci/digest.ts";
import type { AciOrigin } from "../convert/aci-manifest.ts";

/** An image of one platform as it is to be converted. */
export type ConversionRequest = {
  readonly manifestDigest: Digest;
  readonly origin: Omit<AciOrigin, "manifestDigest">;
};

/**
 * How images become ACIs: another number when the same image is to become other bytes. ACIs of other numbers are removed
 * when larder starts, and made anew when they are asked for.
 *
 *     1  standard output led to /proc/self/fd/1
 *     2  standard output leads to /dev/console
 */
const CONVERSION = 2;

/**
 * The key that the ACI of an image is kept under. The image's manifest decides its platform; name and version are written
 * into the ACI.
 */
export function aciKeyOf({ manifestDigest, origin }: ConversionRequest): string {
  return `${hexOf(manifestDigest)}-${hexOf(digestOf(JSON.stringify(origin))).slice(0, 16)}-v${CONVERSION}`;
}

/** Is what is kept under this key what a conversion would make today? */
export function isCurrentKey(key: string): boolean {
  return key.endsWith(`-v${CONVERSION}`);
}
