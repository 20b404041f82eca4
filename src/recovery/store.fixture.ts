import { Database } from "bun:sqlite";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Digest, digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { blobPath } from "../storage/filesystem/blob-folder.ts";
import type { StoredManifest } from "../storage/metadata.ts";
import { openStore, type Store } from "./open-store.ts";

/** A disk with room for everything. */
export const SPACE = { isSpent: false, spend: () => false, restore: async () => {}, freeBytes: () => 1e12 };

/** Opens the store in a folder. */
export function open(folder: string, space = SPACE): Promise<Store> {
  return openStore(folder, { reserve: space, guard: null, now: Date.now });
}

/** The manifest of an image without layers. */
export function imageManifest(name: string): StoredManifest {
  const config = { mediaType: MEDIA_TYPE.ociConfig, digest: digestOf(`config of ${name}`), size: 9 };
  const document = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config, layers: [] };
  return stored(MEDIA_TYPE.ociManifest, document);
}

/** An index of these manifests. */
export function indexManifest(children: readonly Digest[]): StoredManifest {
  const manifests = children.map((digest) => ({ mediaType: MEDIA_TYPE.ociManifest, digest, size: 9 }));
  return stored(MEDIA_TYPE.ociIndex, { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests });
}

function stored(mediaType: string, document: unknown): StoredManifest {
  const bytes = Buffer.from(JSON.stringify(document));
  return { digest: digestOf(bytes), mediaType, bytes };
}

type Putting = {
  readonly kind?: "pushed" | "cached";
  readonly children?: readonly Digest[];
  readonly references?: readonly Digest[];
  readonly atMs?: number;
};

/** Puts a manifest as a push or a pull does. */
export async function put(
  { metadata }: Store,
  repository: string,
  manifest: StoredManifest,
  tag: string | null,
  how: Putting = {},
) {
  await metadata.manifests.putManifest(repository as RepositoryName, {
    manifest,
    requiredBlobs: [],
    borrowFrom: [],
    requiredManifests: how.children ?? [],
    references: how.references ?? how.children ?? [digestOf("config")],
    subject: null,
    tags: tag === null ? [] : [tag as Tag],
    kind: how.kind ?? "pushed",
    isPart: tag === null,
    atMs: how.atMs ?? 1,
  });
}

/** What a database says that files do not; manifests that nobody holds are not asked for. */
export function contentOf(path: string): unknown {
  const database = new Database(path, { readonly: true });
  const all = (sql: string) => database.query(sql).values();
  const content = [
    all(
      "SELECT digest, media_type, hex(bytes) FROM manifest WHERE digest IN (SELECT manifest FROM repository_manifest) ORDER BY 1",
    ),
    all("SELECT repository, manifest, subject, added_at, orphaned_at, pushed FROM repository_manifest ORDER BY 1, 2"),
    all("SELECT repository, name, pushed, manifest, updated_at FROM tag ORDER BY 1, 2, 3"),
    all("SELECT key, value FROM setting ORDER BY 1"),
    all("SELECT * FROM account_user ORDER BY 1"),
    all("SELECT * FROM account_token ORDER BY 1"),
    all("SELECT * FROM audit ORDER BY 1"),
    all("SELECT * FROM event WHERE kind IN ('pushed', 'removed') ORDER BY 1"),
    all("SELECT text, added_at, who FROM pin ORDER BY 1"),
    all("SELECT id, name, started_at, stopped_at, who, networks, full_at FROM recording ORDER BY 1"),
    all("SELECT * FROM recording_tally WHERE rows > 0 ORDER BY 1"),
    all("SELECT * FROM recorded_pull ORDER BY 1, 2, 3, 4"),
    all("SELECT * FROM recorded_part ORDER BY 1, 2, 3, 4"),
    all("SELECT id, endpoint, record, at, given_up_at, failure FROM delivery ORDER BY 1"),
    all(
      "SELECT endpoint, waiting, waiting_bytes, given_up FROM delivery_tally WHERE waiting + given_up > 0 ORDER BY 1",
    ),
    all("SELECT repository, manifest, since FROM left_behind ORDER BY 1, 2"),
  ];
  database.close();
  return content;
}

/** Pushes an image with a blob that is on disk. */
export async function pushImage(
  folder: string,
  store: Store,
  repository: string,
  tag: string,
): Promise<StoredManifest> {
  const manifest = imageManifest(`${repository}:${tag}`);
  const text = `config of ${repository}:${tag}`;
  const path = blobPath(folder, digestOf(text));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  await store.metadata.links.linkBlob(repository as RepositoryName, digestOf(text), text.length, 1);
  await put(store, repository, manifest, tag, { references: [digestOf(text)] });
  return manifest;
}

/** Adds a user and a token of that name, or takes them away, as somebody who administers larder does. */
export async function changeAccounts({ metadata }: Store, name: string, isThere: boolean, atMs: number): Promise<void> {
  const { users, tokens } = metadata.accounts;
  const by = { who: "administrator", from: null, requestId: "r-1", atMs, subject: name, detail: null };
  if (isThere) {
    const user = { name, passwordHash: `hash ${atMs}`, grants: ["pull:**"], expect: null };
    await users.put(user, { ...by, action: "user-added" });
    const token = { id: `${name}-${atMs}`, name, secretHash: `${atMs}`, grants: ["push:**"], createdAtMs: atMs };
    await tokens.add({ ...token, expiresAtMs: null }, { ...by, action: "token-created" });
  } else {
    await users.delete(name, { ...by, action: "user-removed" });
    await tokens.revoke(name, { ...by, action: "token-revoked" });
  }
}
