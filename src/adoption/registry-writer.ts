import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { link, mkdir, open, readFile, rename, rm, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { nullIfAbsent } from "../lib/files/system-error.ts";
import { takesSignals } from "../lib/process/takes-signals.ts";
import { algorithmOf, type Digest, Digester } from "../oci/digest.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Tag } from "../oci/tag.ts";
import { digestOfFile } from "./digest-of-file.ts";
import { blobFile, layerLink, LAYOUT_PATH, repositoryFolder, revisionLink, tagLinks } from "./registry-layout.ts";

/** Where a blob's bytes are: in a file of this machine, or to be had piece by piece; null: nowhere. */
export type BlobOrigin = {
  readonly file: string | null;
  readonly pieces: () => Promise<AsyncIterable<Uint8Array> | null>;
};

/** How a blob came there. */
export type BlobArrival = "present" | "linked" | "copied" | "absent";

/**
 * Writes the folder of another registry (`registry-layout.ts` draws it). Each file is at its place when it is whole, and what others
 * lead to comes before them: a kill at any time leaves a registry of what is there.
 */
export class RegistryWriter {
  readonly #path: string;
  readonly #mayLink: boolean;

  private constructor(path: string, mayLink: boolean) {
    this.#path = path;
    this.#mayLink = mayLink;
  }

  /** Begins in an empty folder, or goes on in one that has such a layout. Throws BAD_REQUEST. */
  static open(root: string, mayLink: boolean): RegistryWriter {
    if (statSync(root, { throwIfNoEntry: false })?.isDirectory() === false) {
      throw new RegistryError("BAD_REQUEST", `${root} is a file, and no folder: choose another place`);
    }
    mkdirSync(root, { recursive: true });
    const path = join(root, LAYOUT_PATH);
    const isEmpty = readdirSync(root).every((name) => name === "lost+found");
    if (!isEmpty && !existsSync(path)) {
      throw new RegistryError("BAD_REQUEST", `${root} is not empty, and no registry's folder: choose another`);
    }
    mkdirSync(join(path, "repositories"), { recursive: true });
    return new RegistryWriter(path, mayLink);
  }

  /** Brings a blob, and compares it with its digest on the way. One that is there with this size stays. */
  async putBlob(
    digest: Digest,
    size: number,
    origin: BlobOrigin,
    onBytes: (bytes: number) => void,
  ): Promise<BlobArrival> {
    const path = join(this.#path, blobFile(digest));
    if (statSync(path, { throwIfNoEntry: false })?.size === size) return "present";
    const part = await makeWay(path);
    try {
      const isLinked = this.#mayLink && origin.file !== null && (await tryLink(origin.file, part));
      const isRight = isLinked
        ? (await digestOfFile(part, algorithmOf(digest), onBytes)) === digest
        : await copy(digest, origin, part, onBytes);
      if (!isRight) return "absent";
      await rename(part, path);
      return isLinked ? "linked" : "copied";
    } finally {
      await rm(part, { force: true });
    }
  }

  /** Lets a repository have a blob. */
  linkLayer(name: string, digest: Digest): Promise<void> {
    return this.#writeLink(layerLink(name, digest), digest);
  }

  /** Lets a repository have a manifest, after all that it names. */
  async putManifest(name: string, digest: Digest, bytes: Uint8Array): Promise<void> {
    const pieces = async () => once(bytes);
    await this.putBlob(digest, bytes.byteLength, { file: null, pieces }, () => {});
    await this.#writeLink(join(repositoryFolder(name), revisionLink(digest)), digest);
  }

  /** What a tag is on there; null: there is no such tag, or its link is damaged. */
  async tagAt(name: string, tag: Tag): Promise<string | null> {
    const { current } = tagLinks(name, tag, `sha256:${"0".repeat(64)}` as Digest);
    const text = await readFile(join(this.#path, current), "utf8").catch(nullIfAbsent);
    return text === null || text === "" ? null : text.trim();
  }

  /** Sets a tag, which it has had since then. */
  async putTag(name: string, tag: Tag, digest: Digest, atMs: number): Promise<void> {
    const { current, was } = tagLinks(name, tag, digest);
    await this.#writeLink(was, digest);
    await this.#writeLink(current, digest);
    await utimes(join(this.#path, current), atMs / 1000, atMs / 1000);
  }

  async #writeLink(file: string, digest: Digest): Promise<void> {
    const path = join(this.#path, file);
    if ((await readFile(path, "utf8").catch(nullIfAbsent)) === digest) return;
    const part = await makeWay(path);
    try {
      await Bun.write(part, digest);
      await rename(part, path);
    } finally {
      await rm(part, { force: true });
    }
  }
}

/**
 * Makes a file's folder; gives the place for its part, where nothing is. What an interrupted export left there goes: it may be a hard
 * link to a blob of larder's own, which must not be written to, and in a container the next process has the same number.
 */
async function makeWay(path: string): Promise<string> {
  const [folder, begin] = [dirname(path), `${basename(path)}.part-`];
  await mkdir(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(begin)) continue;
    const writer = Number(name.slice(begin.length));
    if (writer === process.pid || !takesSignals(writer)) await rm(join(folder, name), { force: true });
  }
  return `${path}.part-${process.pid}`;
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch {
    // Another file system, or one without links, or a user who may make none.
    return false;
  }
}

async function copy(
  digest: Digest,
  origin: BlobOrigin,
  to: string,
  onBytes: (bytes: number) => void,
): Promise<boolean> {
  const pieces = await origin.pieces();
  if (pieces === null) return false;
  const file = await open(to, "wx");
  const digester = new Digester(algorithmOf(digest));
  try {
    for await (const piece of pieces) {
      digester.update(piece);
      await file.writeFile(piece);
      onBytes(piece.byteLength);
    }
  } finally {
    await file.close();
  }
  return digester.digest() === digest;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}
