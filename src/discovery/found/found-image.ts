import { parseReference, type Reference } from "../../oci/reference.ts";
import { DeclaredResources } from "./declared-resources.ts";
import type { ImageBuild } from "./image-build.ts";
import type { Located, LocatedMap } from "./located-value.ts";
import type { Place } from "./place.ts";

/** The sort of file that a reference was found in. */
export type ImageSource =
  | "kubernetes"
  | "kustomize"
  | "helm"
  | "values"
  | "compose"
  | "dockerfile"
  | "pipeline"
  | "quadlet"
  | "devcontainer"
  | "bake"
  | "nomad"
  | "list";

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
  /** The platform that the file asks for, as it writes it (`linux/arm64`); null when it leaves that open. */
  readonly platform: string | null;
};

/**
 * What kept the list from being whole. An `error` means that images may be missing from it; a `note` is something to
 * know about how it came to be.
 */
export type Problem = Place & { readonly severity: "error" | "note"; readonly message: string };

/** Where a chart lies that is not among the files, and what is set when it is rendered. */
export type ChartLocation = {
  /**
   * `https://…`, a chart repository, or where `name` is empty the chart itself; `oci://HOST/PATH`, below which the chart
   * lies; `file:FOLDER`, where it lies here; `data:…;base64,…`, the chart itself; empty when nothing tells.
   */
  readonly repository: string;
  /** Empty where the repository is the chart itself. */
  readonly name: string;
  /** A version, a range of versions, or `sha256:…`; null for the newest. */
  readonly version: string | null;
  /** Values that are given to it; the later ones win. */
  readonly values: readonly Located[];
};

/** What files name and is not among them, so that its images are not in the list: a chart, a remote base, every tag of a repository. */
export type Elsewhere = Place & {
  /** What it is, to follow the place in a message: `the chart rancher 2.9.0 of https://…`. */
  readonly what: string;
  /** The chart, when it is one that could be fetched. */
  readonly chart: ChartLocation | null;
  /** Is it a part of what was named (a remote base, a chart's dependency), which is broken without it? Else a thing of its own. */
  readonly isPart: boolean;
  /** Why it could not be fetched; null when nobody tried. */
  readonly failure: string | null;
};

/** Collects what the readers find, each image and problem of a place once. */
export class Findings {
  readonly images: FoundImage[] = [];
  readonly problems: Problem[] = [];
  readonly elsewhere: Elsewhere[] = [];
  readonly builds: ImageBuild[] = [];
  /** Files that were read as parts of others, by their absolute paths: they say nothing more by themselves. */
  readonly parts = new Set<string>();
  /** What other files may refer to. */
  readonly declared = new DeclaredResources();
  readonly deferred: ((declared: DeclaredResources, findings: Findings) => void | Promise<void>)[] = [];
  readonly #seen = new Set<string>();

  /** Adds the image that `written` names. False, and nothing added, when it is no valid reference. */
  image(
    place: Place,
    written: string,
    kind: FoundImage["kind"],
    source: ImageSource,
    platform: string | null = null,
  ): boolean {
    const reference = tryReference(written);
    if (reference === null) return false;
    const key = `image\0${place.file}\0${place.line}\0${written}\0${platform}\0`;
    // What a field names need not be guessed.
    if (kind === "guess" && this.#seen.has(`${key}field`)) return true;
    if (this.#first(key + kind)) {
      this.images.push({ reference, written, file: place.file, line: place.line, kind, source, platform });
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

  /** Says that the file at `place` names something whose content is not among the files. */
  missing(
    place: Place,
    what: string,
    chart: ChartLocation | null = null,
    { isPart = false, failure = null }: Partial<Pick<Elsewhere, "isPart" | "failure">> = {},
  ): void {
    // Two releases of a chart may be given different values; of all else, once a file is enough.
    if (!this.#first(elsewhereKey({ ...place, what, chart }))) return;
    this.elsewhere.push({ file: place.file, line: place.line, what, chart, isPart, failure });
  }

  /** Takes the things that are elsewhere out of the list, for someone who can tell more of them. */
  takeElsewhere(): Elsewhere[] {
    for (const thing of this.elsewhere) this.#seen.delete(elsewhereKey(thing));
    return this.elsewhere.splice(0);
  }

  /** Says that others may refer to this resource by its name. */
  declare(document: LocatedMap): void {
    this.declared.add(document);
  }

  /** `read` is called when all files are read, with the resources that they declare. */
  whenRead(read: (declared: DeclaredResources, findings: Findings) => void | Promise<void>): void {
    this.deferred.push(read);
  }

  /** Says that the file at the build's place has an image built: what that pulls belongs to the list. */
  build(build: ImageBuild): void {
    this.builds.push(build);
  }

  /** Takes over what another reader collected. */
  add(other: Findings): void {
    for (const found of other.images) this.image(found, found.written, found.kind, found.source, found.platform);
    for (const problem of other.problems) this.#problem(problem, problem.severity, problem.message);
    for (const thing of other.elsewhere) this.missing(thing, thing.what, thing.chart, thing);
    for (const document of other.declared.all()) this.declared.add(document);
    this.deferred.push(...other.deferred);
    this.builds.push(...other.builds);
    for (const part of other.parts) this.parts.add(part);
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

function elsewhereKey({ file, line, what, chart }: Pick<Elsewhere, "file" | "line" | "what" | "chart">): string {
  return `elsewhere\0${file}\0${chart === null ? "" : line}\0${what}`;
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
