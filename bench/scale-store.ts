import { Database } from "bun:sqlite";
import { createHash } from "node:crypto";
import initial from "../src/storage/sqlite/migrations/0001-initial.sql.ts";

/** Of a large registry: layers and a configuration of each image, of which all of a repository share the first. */
const LARGE = { blobsOfImage: 11, imagesOfRepository: 100 };
type Shape = typeof LARGE;
const BATCH = 2000;

/**
 * Makes the database of a large registry: `images` tags in repositories of a hundred, ten blobs of its own each, unless it is to be
 * of another shape. The schema
 * is that of the first release, which every larder brings up to date. There are no files behind the blobs.
 */
export function makeScaleStore(path: string, images: number, shape: Shape = LARGE): void {
  const database = new Database(path, { create: true });
  for (const pragma of ["journal_mode = OFF", "synchronous = OFF", "cache_size = -400000"]) {
    database.run(`PRAGMA ${pragma}`);
  }
  database.run(initial);
  database.run("PRAGMA user_version = 1");
  const inserts = prepare(database);
  for (let first = 0; first < images; first += BATCH) {
    database.transaction(() => {
      for (let index = first; index < Math.min(images, first + BATCH); index++) addImage(inserts, index, shape);
    })();
  }
  database.run("PRAGMA journal_mode = WAL");
  database.close();
}

/** The image with this number. */
export function scaleImage(index: number, { imagesOfRepository }: Shape = LARGE): string {
  return `local/team${String(Math.floor(index / imagesOfRepository)).padStart(5, "0")}/app:v${index % imagesOfRepository}`;
}

function prepare(database: Database) {
  const into = (sql: string) => database.prepare(`INSERT OR IGNORE INTO ${sql}`);
  return {
    blob: into("blob VALUES (?, ?)"),
    link: into("repository_blob VALUES (?, ?, 0)"),
    manifest: into("manifest VALUES (?, ?, ?)"),
    reference: into("manifest_reference VALUES (?, ?)"),
    held: into("repository_manifest VALUES (?, ?, NULL, 1, NULL)"),
    tag: into("tag VALUES (?, ?, 1, ?, 1, 1)"),
  };
}

function addImage(inserts: ReturnType<typeof prepare>, index: number, shape: Shape): void {
  const [repository = "", tag = ""] = scaleImage(index, shape).split(":");
  const digests = Array.from({ length: shape.blobsOfImage }, (_, blob) =>
    digestOf(blob === 0 ? `base of ${repository}` : `blob ${blob} of image ${index}`),
  );
  const [config, ...layers] = digests.toReversed().map((digest) => ({ mediaType: TYPES.layer, digest, size: 1000 }));
  const text = JSON.stringify({ schemaVersion: 2, mediaType: TYPES.manifest, config, layers });
  const manifest = digestOf(text);
  inserts.manifest.run(manifest, TYPES.manifest, new TextEncoder().encode(text));
  inserts.held.run(repository, manifest);
  inserts.tag.run(repository, tag, manifest);
  for (const digest of digests) {
    inserts.blob.run(digest, 1000);
    inserts.link.run(repository, digest);
    inserts.reference.run(manifest, digest);
  }
}

const TYPES = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
