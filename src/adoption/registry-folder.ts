import { type Dirent, existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { isAbsent, isSystemError } from "../lib/files/system-error.ts";
import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { tryParseRepositoryPath } from "../oci/repository-name.ts";
import type { NoteProblem } from "./adoption-problem.ts";
import { blobFile, CACHE_STATE, LAYOUT_PATH } from "./registry-layout.ts";

/** No name has more components. */
const DEPTH_LIMIT = 128;

/** The folder of another registry (`registry-layout.ts` draws it), which is only read. */
export class RegistryFolder {
  /** The folder that has `blobs` and `repositories`. */
  readonly path: string;
  /** Was it a pull-through cache of another registry? */
  readonly isCache: boolean;

  private constructor(path: string, isCache: boolean) {
    this.path = path;
    this.isCache = isCache;
  }

  /** Opens the folder that people name: the registry's root, or a folder on the way from it to the layout. Throws BAD_REQUEST. */
  static open(named: string): RegistryFolder {
    const folder = resolve(named);
    const found = [LAYOUT_PATH, join("registry", "v2"), "v2", ""].map((below) => join(folder, below)).find(isLayout);
    if (found !== undefined) {
      const root = found.endsWith(LAYOUT_PATH) ? found.slice(0, -LAYOUT_PATH.length) : folder;
      return new RegistryFolder(found, existsSync(join(root, CACHE_STATE)));
    }
    throw new RegistryError("BAD_REQUEST", whyNone(folder));
  }

  /** Is a registry's folder at this place? */
  static isAt(named: string): boolean {
    return isLayout(join(resolve(named), LAYOUT_PATH));
  }

  /** The path of a blob's file. */
  fileOf(digest: Digest): string {
    return join(this.path, blobFile(digest));
  }

  /** The names of the repositories that have manifests, in no order. What cannot be read or is no name is noted. */
  async *repositories(note: NoteProblem): AsyncGenerator<string, void, void> {
    yield* this.#below([], note);
  }

  /** The entries of a folder below the layout's; none where there is none, or none that can be read, which is noted. */
  async list(folder: string, image: string | null, note: NoteProblem): Promise<readonly Dirent[]> {
    try {
      const entries = await readdir(join(this.path, folder), { withFileTypes: true });
      return entries.toSorted((one, other) => (one.name < other.name ? -1 : 1));
    } catch (error) {
      if (isAbsent(error)) return [];
      if (!isSystemError(error)) throw error;
      note({ image, file: folder, what: `the folder cannot be read: ${describeFailure(error)}` });
      return [];
    }
  }

  /** The folders in a folder; what else is there is noted, save plain files, which registries and people leave. */
  async folders(folder: string, image: string | null, note: NoteProblem): Promise<readonly string[]> {
    const names: string[] = [];
    for (const entry of await this.list(folder, image, note)) {
      if (entry.isDirectory()) names.push(entry.name);
      else if (!entry.isFile()) {
        const what = entry.isSymbolicLink() ? "it is a symbolic link, which is not followed" : "it is no folder";
        note({ image, file: join(folder, entry.name), what });
      }
    }
    return names;
  }

  async *#below(components: readonly string[], note: NoteProblem): AsyncGenerator<string, void, void> {
    const folder = join("repositories", ...components);
    const names = await this.folders(folder, null, note);
    const name = components.join("/");
    if (components.length > 0 && names.includes("_manifests")) yield name;
    for (const component of names.filter((one) => !one.startsWith("_"))) {
      const inner = [...components, component];
      if (tryParseRepositoryPath(inner.join("/")) !== null && inner.length <= DEPTH_LIMIT)
        yield* this.#below(inner, note);
      else note({ image: null, file: join(folder, component), what: "it is no name of a repository: left out" });
    }
  }
}

/** An administrator may have put `blobs` on another disk, by a link. */
function isLayout(path: string): boolean {
  return isFolder(join(path, "repositories")) || (basename(path) === "v2" && isFolder(join(path, "blobs")));
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    // What may not be looked at is told of by what names it.
    return false;
  }
}

function whyNone(folder: string): string {
  try {
    if (statSync(folder, { throwIfNoEntry: false }) === undefined) {
      return `there is no folder ${folder}, as larder sees this machine (in a container, mount it)`;
    }
    statSync(join(folder, LAYOUT_PATH), { throwIfNoEntry: false });
  } catch (error) {
    return `the folder ${folder} cannot be read by larder's user: ${describeFailure(error)}`;
  }
  return `${folder} is no registry's folder: it has no ${LAYOUT_PATH}/repositories. Name what was mounted as /var/lib/registry`;
}
