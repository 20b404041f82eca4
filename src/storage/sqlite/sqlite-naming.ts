import { isIndexType } from "../../oci/media-type.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** Does the repository hold a manifest that names this digest? Those of `except` do not count. */
export function isNamed(
  database: SqliteDatabase,
  repository: string,
  digest: string,
  except: ReadonlySet<string> | null = null,
): boolean {
  for (const manifest of namingManifests(database, repository, digest)) {
    if (except?.has(manifest) !== true) return true;
  }
  return false;
}

/** The first manifest of a repository that names this digest; null when none does. */
export function findNaming(database: SqliteDatabase, repository: string, digest: string): string | null {
  const first = namingManifests(database, repository, digest).next();
  return first.done === true ? null : first.value;
}

/**
 * The manifests of the repository that name this digest, in their order, behind `after`.
 *
 * The manifests that name it and those that the repository holds are gone through side by side, each time to the next one
 * that may be in both. So a base layer of a hundred thousand images costs no more than the few images of a repository, and
 * a repository of a hundred thousand no more than the few that name a layer.
 */
export function* namingManifests(
  database: SqliteDatabase,
  repository: string,
  digest: string,
  after: string | null = null,
): Generator<string, void, void> {
  const naming = database.query<{ manifest: string }, [string, string]>(
    "SELECT manifest FROM manifest_reference WHERE digest = ? AND manifest >= ? ORDER BY manifest LIMIT 1",
  );
  const held = database.query<{ manifest: string }, [string, string]>(
    "SELECT manifest FROM repository_manifest WHERE repository = ? AND manifest >= ? ORDER BY manifest LIMIT 1",
  );
  for (let from = after === null ? "" : `${after}\0`; ; ) {
    const names = naming.get(digest, from);
    const holds = names && held.get(repository, names.manifest);
    if (names === null || holds === null) return;
    from = holds.manifest;
    if (holds.manifest !== names.manifest) continue;
    yield holds.manifest;
    // The least text behind it.
    from = `${holds.manifest}\0`;
  }
}

/** All manifests of the repository that an index of it lists, and those that these list. */
export function partsOf(database: SqliteDatabase, repository: string, manifest: string): readonly string[] {
  const typeOf = database.query<{ type: string }, [string]>("SELECT media_type AS type FROM manifest WHERE digest = ?");
  const listed = database.query<{ digest: string }, [string, string]>(
    `SELECT f.digest FROM manifest_reference f
       CROSS JOIN repository_manifest r ON r.repository = ? AND r.manifest = f.digest WHERE f.manifest = ?`,
  );
  const parts = new Set<string>();
  const open = [manifest];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    // Tens of thousands of layers are not to be looked for among manifests.
    if (!isIndexType(typeOf.get(next)?.type ?? "")) continue;
    for (const { digest } of listed.all(repository, next)) {
      if (parts.has(digest)) continue;
      parts.add(digest);
      open.push(digest);
    }
  }
  return [...parts];
}
