import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import type { ImagePattern } from "../oci/image-pattern.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { blobsOf, listedIn, requiredBlobs } from "../oci/manifest-references.ts";
import { isIndexType, MEDIA_TYPE } from "../oci/media-type.ts";
import { referrersTag } from "../oci/referrers-tag.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { NoteProblem } from "./adoption-problem.ts";
import type { ExportCounts, ExportSource } from "./export-source.ts";
import type { RegistryWriter } from "./registry-writer.ts";

type Parts = {
  readonly source: ExportSource;
  readonly writer: RegistryWriter;
  readonly counts: ExportCounts;
  readonly note: NoteProblem;
  readonly onBytes: (bytes: number) => void;
  readonly force: boolean;
  readonly signal: AbortSignal;
};
type Held = { readonly manifest: Manifest; readonly bytes: Uint8Array };
type WantedTag = { readonly tag: Tag; readonly digest: Digest; readonly updatedAtMs: number };

/** Exports one repository: blobs, then images, indexes after what they list, tags last. */
export class RepositoryExport {
  readonly #of: Parts;
  readonly #repository: RepositoryName;
  readonly #name: string;
  readonly #patterns: readonly ImagePattern[];
  /** What came of each manifest; null while it is being written. */
  readonly #done = new Map<Digest, boolean | null>();
  readonly #referrers = new Map<Digest, Record<string, unknown>[]>();

  constructor(of: Parts, repository: RepositoryName, name: string, patterns: readonly ImagePattern[]) {
    this.#of = of;
    this.#repository = repository;
    this.#name = name;
    this.#patterns = patterns;
  }

  /** False when there was nothing that is meant. */
  async run(): Promise<boolean> {
    const { images } = this.#of.source;
    const held = images.manifests(this.#repository);
    const wanted = images.tags(this.#repository).filter(({ tag }) => this.#isMeant(tag));
    const takesAll = this.#patterns.length === 0 || this.#patterns.some(({ tag }) => tag === null);
    if (!takesAll && wanted.length === 0) return false;
    const heldHere = new Set(held);
    for (const digest of takesAll ? held : wanted.map((one) => one.digest)) await this.#write(digest, heldHere);
    // What is attached to what was asked for comes along.
    for (const digest of takesAll ? [] : held) if (this.#isAttached(digest)) await this.#write(digest, heldHere);
    for (const one of wanted) if (this.#done.get(one.digest) === true) await this.#setTag(one);
    for (const [subject, listed] of this.#referrers) await this.#listReferrers(subject, listed, wanted);
    return true;
  }

  #isMeant(tag: Tag): boolean {
    return this.#patterns.length === 0 || this.#patterns.some((one) => one.tag === null || one.tag.matches(tag));
  }

  #isAttached(digest: Digest): boolean {
    const subject = this.#read(digest)?.manifest.subject ?? null;
    return subject !== null && this.#done.get(subject.digest) === true;
  }

  #read(digest: Digest): Held | null {
    const found = this.#of.source.images.manifest(digest);
    if (found === null) return null;
    return { manifest: parseManifest(found.bytes, found.mediaType), bytes: found.bytes };
  }

  /** Writes a manifest after all that it names. False when it is not whole. */
  async #write(digest: Digest, held: ReadonlySet<Digest>): Promise<boolean> {
    const known = this.#done.get(digest);
    if (known !== undefined) return known === true;
    this.#done.set(digest, null);
    const isWritten = await this.#writeNew(digest, held);
    this.#done.set(digest, isWritten);
    return isWritten;
  }

  async #writeNew(digest: Digest, held: ReadonlySet<Digest>): Promise<boolean> {
    const { writer, counts, note, signal } = this.#of;
    signal.throwIfAborted();
    const read = held.has(digest) ? this.#read(digest) : null;
    if (read === null) return false;
    const { manifest, bytes } = read;
    const image = `${this.#repository}@${digest}`;
    const { manifests } = listedIn(manifest);
    const written: boolean[] = [];
    for (const child of manifests) written.push(await this.#write(child, held));
    const absent = await this.#bringBlobs(manifest);
    const isEmpty = manifests.length > 0 && !written.includes(true);
    if (absent !== null || isEmpty) {
      note({ image, file: null, what: `it is not whole here, and left out: it lacks ${absent ?? manifests[0]}` });
      return false;
    }
    await writer.putManifest(this.#name, digest, bytes);
    counts.manifests++;
    if (manifest.subject !== null) this.#noteReferrer(manifest.subject.digest, digest, manifest, bytes.byteLength);
    return true;
  }

  /** The first blob that is not to be had; null: all are there. */
  async #bringBlobs(manifest: Manifest): Promise<Digest | null> {
    const { writer, source, counts, onBytes } = this.#of;
    const required = new Set<Digest>([...requiredBlobs(manifest), ...listedIn(manifest).others]);
    const sizes = new Map<Digest, Descriptor>(blobsOf(manifest).map((one) => [one.digest, one]));
    for (const digest of required) {
      const arrival = await writer.putBlob(digest, sizes.get(digest)?.size ?? -1, source.blob(digest), onBytes);
      if (arrival === "absent") return digest;
      if (arrival !== "present") counts.blobs++;
      if (arrival === "linked") counts.linked++;
      await writer.linkLayer(this.#name, digest);
    }
    return null;
  }

  async #setTag({ tag, digest, updatedAtMs }: WantedTag): Promise<void> {
    const { writer, counts, note, force } = this.#of;
    const there = await writer.tagAt(this.#name, tag);
    if (there !== null && there !== digest && !force) {
      counts.tagsKept++;
      note({
        image: `${this.#repository}:${tag}`,
        file: null,
        what: `there it is on ${there}, and stays: --force moves it`,
      });
      return;
    }
    if (there !== digest) counts.tags++;
    await writer.putTag(this.#name, tag, digest, updatedAtMs);
  }

  #noteReferrer(subject: Digest, digest: Digest, manifest: Manifest, size: number): void {
    const { mediaType, artifactType, annotations } = manifest;
    const descriptor = {
      mediaType,
      digest,
      size,
      ...(artifactType === null ? {} : { artifactType }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    };
    this.#referrers.set(subject, [...(this.#referrers.get(subject) ?? []), descriptor]);
  }

  /** A client's own list that has all of it stays as it is; else what it lacks is added. */
  async #listReferrers(
    subject: Digest,
    listed: readonly Record<string, unknown>[],
    wanted: readonly WantedTag[],
  ): Promise<void> {
    const { writer, counts, source } = this.#of;
    const tag = referrersTag(subject);
    const own = wanted.find((one) => one.tag === tag);
    const found = own === undefined ? null : source.images.manifest(own.digest);
    const before =
      found !== null && isIndexType(found.mediaType) ? parseManifest(found.bytes, found.mediaType).manifests : [];
    const lacking = listed.filter(({ digest }) => !before.some((one) => one.digest === digest));
    if (lacking.length === 0) return;
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [...before, ...lacking] };
    const bytes = new TextEncoder().encode(JSON.stringify(index));
    const digest = digestOf(bytes);
    if ((await writer.tagAt(this.#name, tag)) === digest) return;
    await writer.putManifest(this.#name, digest, bytes);
    await writer.putTag(this.#name, tag, digest, Date.now());
    counts.referrerTags++;
  }
}
