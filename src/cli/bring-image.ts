import type { PlatformSelection } from "../oci/platform-selection.ts";
import type { CopyEvent } from "../images/copy/copy-image.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { LOCAL } from "../oci/repository-name.ts";
import type { BroughtImage, ImageRegistry } from "../remote/image-registry.ts";
import type { Progress } from "./progress.ts";

/** The outcome of bringing one image. `error` is null when it is in the registry now. */
export type Outcome = BroughtImage & { readonly reference: Reference; readonly error: string | null };

/** The number of images that are brought at once; each brings several layers at once. */
export const PARALLEL_IMAGES = 3;

/**
 * Brings into the registry the first of these images that can be brought, as a pull of a name that may mean several does,
 * and shows the progress. That there is none is part of the outcome.
 */
export async function bringFirst(
  registry: ImageRegistry,
  [first, ...others]: readonly [Reference, ...Reference[]],
  platforms: PlatformSelection,
  progress: Progress,
): Promise<Outcome> {
  const outcome = await bringImage(registry, first, platforms, progress);
  const failures = [outcome];
  for (const reference of others) {
    if (failures.at(-1)?.error === null) break;
    failures.push(await bringImage(registry, reference, platforms, progress));
  }
  const last = failures.at(-1) ?? outcome;
  if (last.error === null || others.length === 0) return last;
  const error = failures.map((failed) => `${formatReference(failed.reference)}: ${failed.error}`).join("; ");
  return { ...outcome, error };
}

async function bringImage(
  registry: ImageRegistry,
  reference: Reference,
  platforms: PlatformSelection,
  progress: Progress,
): Promise<Outcome> {
  try {
    if (reference.namespace === LOCAL) {
      throw new RegistryError("BAD_REQUEST", "local/ is what people push here; push it with `larder upload`");
    }
    const brought = await registry.bring(reference, platforms, showIn(progress, formatReference(reference)));
    return { ...brought, reference, error: null };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { reference, digest: null, fetchedBytes: 0, warning: null, error: withoutName(error.message, reference) };
  }
}

/** Each outcome is told behind its image's name: what begins with that says it twice. */
function withoutName(message: string, reference: Reference): string {
  const name = `${formatReference(reference)} `;
  return message.startsWith(name) ? message.slice(name.length) : message;
}

/** Blobs are told apart by the image too: two that share one each have it brought. */
function showIn(progress: Progress, image: string): (event: CopyEvent) => void {
  const name = image.slice(image.lastIndexOf("/") + 1).replace(/@.*/, "");
  return (event) => {
    const key = `${image} ${event.digest}`;
    switch (event.kind) {
      case "blob-begins":
        return progress.begin(key, `${name} ${event.digest.slice(0, "sha256:".length + 12)}`, event.sizeBytes);
      case "blob-bytes":
        return progress.update(key, event.doneBytes);
      case "blob-ends":
        return progress.end(key, event.outcome === "copied" ? "fetched" : "already there", event.outcome === "copied");
      default:
        return event satisfies never;
    }
  };
}
