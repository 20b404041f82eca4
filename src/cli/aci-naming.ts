import type { AciOrigin } from "../aci/convert/aci-manifest.ts";
import { aciNameAt, isIdentifier, toIdentifier } from "../aci/aci-name.ts";
import { aciFileName } from "../aci/aci-path.ts";
import { tryParseImageName } from "../images/image-name.ts";
import type { SourceImage } from "../images/image-source.ts";
import type { SourceLocation } from "../images/location.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { CommandFailure } from "../lib/command/command-io.ts";

/** The name of an ACI, and that of its file. */
export type AciNaming = { readonly origin: Omit<AciOrigin, "manifestDigest">; readonly fileName: string };

/**
 * Names the ACI of an image: by what the location or the image itself is called, or by `explicit` when that is not
 * null. Throws a CommandFailure when there is no name.
 */
export function nameAci(location: SourceLocation, image: SourceImage, explicit: string | null): AciNaming {
  const reference = referenceOf(location, image);
  const tag = reference?.tag ?? tagAlone(image);
  if (explicit !== null) {
    if (!isIdentifier(explicit)) {
      throw new CommandFailure(
        2,
        `--name ${JSON.stringify(explicit)} is not an ACI name: lower-case letters and digits, with one of - . _ ~ / between them`,
      );
    }
    const origin = { name: explicit, version: tag, ...originOf(reference, explicit) };
    return { origin, fileName: aciFileName(explicit.slice(explicit.indexOf("/") + 1), tag) };
  }
  if (reference === null) {
    throw new CommandFailure(2, "the image has no name; give the ACI one with --name HOST/PATH");
  }
  const name = aciNameAt(reference.namespace, reference.path);
  return {
    origin: { name, version: tag, ...originOf(reference, name) },
    fileName: aciFileName(reference.path, tag),
  };
}

function referenceOf(location: SourceLocation, image: SourceImage): Reference | null {
  if (location.kind === "registry") return location.reference;
  return image.name === null ? null : tryParseImageName(image.name);
}

/** An OCI layout may know no more of an image than its tag. */
function tagAlone({ name }: SourceImage): string | null {
  return name === null || tryParseImageName(name) !== null ? null : name;
}

function originOf(reference: Reference | null, name: string) {
  if (reference === null) return { originalName: name, registry: "", repository: toIdentifier(name) };
  const { namespace, path } = reference;
  return { originalName: formatReference(reference), registry: namespace, repository: path };
}
