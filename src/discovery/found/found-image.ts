import { parseReference, type Reference } from "../../oci/reference.ts";

/** The sort of file that a reference was found in. */
export type ImageSource = "kubernetes" | "kustomize" | "helm" | "values" | "compose" | "dockerfile" | "list";

/** A place in a file. `line` counts from 1; null when the file as a whole is meant. */
export type Place = { readonly file: string; readonly line: number | null };

/** An image that a file names. */
export type FoundImage = Place & {
  readonly reference: Reference;
  /** The reference as the file writes it, or as its parts were put together. */
  readonly written: string;
  /**
   * `field`: a field that is there to name an image. `guess`: text that looks like one (an argument, an environment
   * variable, a manifest in a string).
   */
  readonly kind: "field" | "guess";
  readonly source: ImageSource;
};

/**
 * What kept the list from being whole. An `error` means that images may be missing from it; a `note` is something to
 * know about how it came to be.
 */
export type Problem = Place & { readonly severity: "error" | "note"; readonly message: string };

/** Collects what the readers find, each image and problem of a place once. */
export class Findings {
  readonly images: FoundImage[] = [];
  readonly problems: Problem[] = [];
  readonly #seen = new Set<string>();

  /** Adds the image that `written` names. False, and nothing added, when it is no valid reference. */
  image(place: Place, written: string, kind: FoundImage["kind"], source: ImageSource): boolean {
    const reference = tryReference(written);
    if (reference === null) return false;
    if (this.#first(`image\0${place.file}\0${place.line}\0${written}\0${kind}`)) {
      this.images.push({ reference, written, file: place.file, line: place.line, kind, source });
    }
    return true;
  }

  /** Says that something is missing from the list. */
  error(place: Place, message: string): void {
    this.#problem(place, "error", message);
  }

  /** Says something about how the list came to be. */
  note(place: Place, message: string): void {
    this.#problem(place, "note", message);
  }

  /** Takes over what another reader collected. */
  add(other: Findings): void {
    for (const found of other.images) this.image(found, found.written, found.kind, found.source);
    for (const problem of other.problems) this.#problem(problem, problem.severity, problem.message);
  }

  #problem(place: Place, severity: Problem["severity"], message: string): void {
    if (!this.#first(`${severity}\0${place.file}\0${place.line}\0${message}`)) return;
    this.problems.push({ file: place.file, line: place.line, severity, message });
  }

  #first(key: string): boolean {
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }
}

/** The reference that `text` spells, or null. A `docker://` in front, as skopeo and some operators write it, is taken off. */
export function tryReference(text: string): Reference | null {
  const bare = text.startsWith("docker://") ? text.slice("docker://".length) : text;
  // A name, a tag and a digest are never longer; nothing is gained by handing more to the parser.
  if (bare.length === 0 || bare.length > 600) return null;
  try {
    return parseReference(bare);
  } catch {
    // The caller says what it means that this is not a reference.
    return null;
  }
}
