import { existsSync } from "node:fs";
import { join } from "node:path";
import { mapBounded } from "../lib/async/map-bounded.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { NoPlainFile } from "../lib/files/open-plain-file.ts";
import { isAbsent, isSystemError } from "../lib/files/system-error.ts";
import { algorithmOf, type Digest, tryParseDigest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { IntakeWay } from "../storage/blobs.ts";
import type { TagKind } from "../storage/metadata.ts";
import { BlobBatch } from "./blob-batch.ts";
import { digestOfFile } from "./digest-of-file.ts";
import type { ImportTally } from "./import-event.ts";
import type { ImportParts } from "./import-parts.ts";
import { readSmallFile } from "./read-small-file.ts";
import type { RegistryFolder } from "./registry-folder.ts";
import { blobFile, layerLink, LINK_LIMIT_BYTES } from "./registry-layout.ts";

const AT_ONCE = 8;
/** So many are read before it is looked at whether there is enough to keep. */
const GROUP = 16;
/** As many as a store is asked for at once. */
const SET = 200;
/** So many blobs, or bytes of them, are made durable together: a kill loses as much work. */
const BATCH = { blobs: 1000, bytes: 256 << 20 };

/** What brings blobs works with. */
type BlobImportParts = {
  readonly parts: ImportParts;
  readonly folder: RegistryFolder;
  readonly tally: ImportTally;
  readonly isDry: boolean;
  readonly kind: TagKind;
  readonly signal: AbortSignal;
};

/** Where blobs go: a repository here, and its name there. */
type Place = { readonly here: RepositoryName; readonly there: string };

/** Brings blobs from another registry's folder, each once, and links them to repositories. */
export class BlobImport {
  readonly #of: BlobImportParts;
  /** Blobs that cannot be had, and why. */
  readonly #bad = new Map<Digest, string>();
  /** Where nothing is written, what was read. */
  readonly #read = new Set<Digest>();

  constructor(of: BlobImportParts) {
    this.#of = of;
  }

  /** Why a blob that was asked for is not in its repository; null: it is. */
  whyNot(digest: Digest): string | null {
    return this.#bad.get(digest) ?? null;
  }

  /** Sees to it that a repository has these blobs, as far as they are to be had. */
  async bring(place: Place, digests: Iterable<Digest>): Promise<void> {
    const wanted = [...new Set(digests)].filter((digest) => !this.#bad.has(digest) && !this.#read.has(digest));
    const lacking = await this.#lacking(place.here, wanted);
    const batch = new BlobBatch(this.#of.parts, place.here, this.#of.kind);
    try {
      for (let at = 0; at < lacking.length; at += GROUP) {
        await mapBounded(lacking.slice(at, at + GROUP), AT_ONCE, (digest) => this.#bringOne(place, digest, batch));
        if (batch.count >= BATCH.blobs || batch.bytes >= BATCH.bytes) await batch.keep();
      }
      await batch.keep();
    } finally {
      await batch.drop();
    }
  }

  /** Those that have to be read: the others are here, and are linked. */
  async #lacking(repository: RepositoryName, wanted: readonly Digest[]): Promise<readonly Digest[]> {
    const { parts, signal, isDry, kind } = this.#of;
    const { holdings, links } = parts.metadata;
    const lacking: Digest[] = [];
    for (let at = 0; at < wanted.length; at += SET) {
      signal.throwIfAborted();
      const set = wanted.slice(at, at + SET);
      const own = await holdings.findLinks([repository], set);
      const anywhere = await holdings.findLinkedAnywhere(set);
      await mapBounded(set, AT_ONCE, async (digest) => {
        const size = anywhere.get(digest);
        // One whose file is not what the record says is brought anew.
        const isHere = size !== undefined && (await parts.blobs.size(digest)) === size;
        if (isHere && (own.has(digest) || isDry)) return;
        if (isHere && (await links.mountBlob(repository, digest, null, parts.now(), kind)) !== null) return;
        lacking.push(digest);
      });
    }
    return lacking;
  }

  async #bringOne(place: Place, digest: Digest, batch: BlobBatch): Promise<void> {
    const { signal, isDry, kind, tally } = this.#of;
    signal.throwIfAborted();
    try {
      const path = await this.#sourceOf(place.there, digest);
      const way = isDry ? await this.#compare(path, digest) : await batch.take(path, digest, this.#onBytes);
      if (way === null) return this.#giveUp(digest, "its bytes have another digest");
      if (isDry) this.#read.add(digest);
      tally.add("blobs");
      if (way !== "copied") tally.add("shared");
    } catch (error) {
      signal.throwIfAborted();
      // A cache has what was asked for; the rest is fetched when it is.
      if (isAbsent(error) && kind === "cached") this.#bad.set(digest, "its file is missing");
      else if (isAbsent(error)) this.#giveUp(digest, "its file is missing");
      else if (error instanceof NoPlainFile) this.#giveUp(digest, error.message);
      else if (isSystemError(error)) this.#giveUp(digest, `its file cannot be read: ${describeFailure(error)}`);
      else throw error;
    }
  }

  /** A blob that was pushed by another digest than sha256 is kept under that, and the repository's link leads there. */
  async #sourceOf(there: string, digest: Digest): Promise<string> {
    const { folder } = this.#of;
    const path = folder.fileOf(digest);
    if (digest.startsWith("sha256:") || existsSync(path)) return path;
    const link = await readSmallFile(join(folder.path, layerLink(there, digest)), LINK_LIMIT_BYTES);
    const named = link.kind === "read" ? tryParseDigest(new TextDecoder().decode(link.bytes).trim()) : null;
    return named === null ? path : folder.fileOf(named);
  }

  #giveUp(digest: Digest, why: string): void {
    this.#bad.set(digest, why);
    this.#of.tally.note({ image: null, file: blobFile(digest), what: `the blob cannot be taken: ${why}` });
  }

  readonly #onBytes = (bytes: number): void => {
    this.#of.signal.throwIfAborted();
    this.#of.tally.add("bytes", bytes);
  };

  /** Null: its bytes have another digest. */
  async #compare(path: string, digest: Digest): Promise<IntakeWay | null> {
    return (await digestOfFile(path, algorithmOf(digest), this.#onBytes)) === digest ? "copied" : null;
  }
}
