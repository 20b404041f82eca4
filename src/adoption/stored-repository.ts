import { join } from "node:path";
import { mapBounded } from "../lib/async/map-bounded.ts";
import { type Digest, tryParseDigest } from "../oci/digest.ts";
import { type Tag, tryParseTag } from "../oci/tag.ts";
import type { NoteProblem } from "./adoption-problem.ts";
import { readSmallFile } from "./read-small-file.ts";
import type { RegistryFolder } from "./registry-folder.ts";
import { LINK_LIMIT_BYTES, repositoryFolder, revisionLink } from "./registry-layout.ts";

const AT_ONCE = 16;

/** What a tag is on, and since when. */
export type StoredTagLink = { readonly digest: Digest; readonly taggedAtMs: number };

/** A repository of another registry's folder: what its links say. */
export type StoredRepository = {
  readonly name: string;
  readonly tags: ReadonlyMap<Tag, StoredTagLink>;
  /** The manifests that it serves, tagged or not. */
  readonly revisions: ReadonlySet<Digest>;
};

/** Reads the links of a repository. What is damaged is noted, and made good where it can only mean one thing. */
export async function readStoredRepository(
  folder: RegistryFolder,
  name: string,
  note: NoteProblem,
): Promise<StoredRepository> {
  const revisions = await readRevisions(folder, name, note);
  return { name, revisions, tags: await readTags(folder, name, revisions, note) };
}

async function readRevisions(folder: RegistryFolder, name: string, note: NoteProblem): Promise<ReadonlySet<Digest>> {
  const place = join(repositoryFolder(name), "_manifests", "revisions");
  const digests: Digest[] = [];
  for (const algorithm of await folder.folders(place, name, note)) {
    for (const hex of await folder.folders(join(place, algorithm), name, note)) {
      const digest = tryParseDigest(`${algorithm}:${hex}`);
      if (digest === null) {
        note({ image: name, file: join(place, algorithm, hex), what: "it is no digest that larder knows: left out" });
      } else digests.push(digest);
    }
  }
  const found = await mapBounded(digests, AT_ONCE, async (digest) => {
    const file = join(repositoryFolder(name), revisionLink(digest));
    const link = await readLink(folder, file);
    if (link.kind === "absent") return null;
    const image = `${name}@${digest}`;
    if (link.kind === "damaged")
      note({ image, file, what: `${link.why}; the manifest is taken by the name of its folder` });
    else if (link.digest !== digest) {
      note({ image, file, what: `the link names ${link.digest}; the manifest is taken by the name of its folder` });
    }
    return digest;
  });
  return new Set(found.filter((digest) => digest !== null));
}

async function readTags(
  folder: RegistryFolder,
  name: string,
  revisions: ReadonlySet<Digest>,
  note: NoteProblem,
): Promise<ReadonlyMap<Tag, StoredTagLink>> {
  const place = join(repositoryFolder(name), "_manifests", "tags");
  const tags: Tag[] = [];
  for (const text of await folder.folders(place, name, note)) {
    const tag = tryParseTag(text);
    if (tag === null) note({ image: name, file: join(place, text), what: "it is no tag: left out" });
    else tags.push(tag);
  }
  const found = await mapBounded(tags, AT_ONCE, async (tag) => {
    const file = join(place, tag, "current", "link");
    const image = `${name}:${tag}`;
    const link = await readLink(folder, file);
    const said = link.kind === "digest" ? link : await onlyOneOf(folder, join(place, tag, "index"), image, note);
    if (link.kind !== "digest") {
      const why = link.kind === "absent" ? "the link is missing" : link.why;
      const end = said === null ? "left out" : `it was only ever on ${said.digest}, and is taken as being there`;
      note({ image, file, what: `${why}: ${end}` });
    }
    if (said === null) return null;
    if (revisions.has(said.digest)) return [tag, said] as const;
    note({
      image,
      file,
      what: `the tag names ${said.digest}, which is no manifest of this repository (any more): left out`,
    });
    return null;
  });
  return new Map(
    found.filter((one) => one !== null).map(([tag, { digest, taggedAtMs }]) => [tag, { digest, taggedAtMs }]),
  );
}

/** The one manifest that a tag was ever on; null when there were several, or none. */
async function onlyOneOf(
  folder: RegistryFolder,
  index: string,
  image: string,
  note: NoteProblem,
): Promise<StoredTagLink | null> {
  const found: StoredTagLink[] = [];
  for (const algorithm of await folder.folders(index, image, note)) {
    for (const hex of await folder.folders(join(index, algorithm), image, note)) {
      const digest = tryParseDigest(`${algorithm}:${hex}`);
      const link = await readLink(folder, join(index, algorithm, hex, "link"));
      if (digest !== null) found.push({ digest, taggedAtMs: link.kind === "digest" ? link.taggedAtMs : Date.now() });
    }
  }
  return found.length === 1 ? (found[0] ?? null) : null;
}

type Link =
  | ({ readonly kind: "digest" } & StoredTagLink)
  | { readonly kind: "absent" }
  | { readonly kind: "damaged"; readonly why: string };

async function readLink(folder: RegistryFolder, file: string): Promise<Link> {
  const found = await readSmallFile(join(folder.path, file), LINK_LIMIT_BYTES);
  if (found.kind === "absent") return found;
  if (found.kind === "unusable") return { kind: "damaged", why: `the link cannot be used: ${found.why}` };
  const digest = tryParseDigest(new TextDecoder().decode(found.bytes).trim());
  if (digest === null) return { kind: "damaged", why: "the link holds no digest" };
  return { kind: "digest", digest, taggedAtMs: Math.max(1, Math.floor(found.modifiedAtMs)) };
}
