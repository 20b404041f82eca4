import type { SqliteDatabase } from "./sqlite-database.ts";

/**
 * Does the repository hold a manifest that names this digest?
 *
 * The manifests that name it and those that the repository holds are gone through side by side, each time to the next one
 * that may be in both. So a base layer of a hundred thousand images costs no more than the few images of a repository, and
 * a repository of a hundred thousand no more than the few that name a layer.
 */
export function isNamed(database: SqliteDatabase, repository: string, digest: string): boolean {
  const naming = database.query<{ manifest: string }, [string, string]>(
    "SELECT manifest FROM manifest_reference WHERE digest = ? AND manifest >= ? ORDER BY manifest LIMIT 1",
  );
  const held = database.query<{ manifest: string }, [string, string]>(
    "SELECT manifest FROM repository_manifest WHERE repository = ? AND manifest >= ? ORDER BY manifest LIMIT 1",
  );
  for (let from = ""; ; ) {
    const names = naming.get(digest, from);
    const holds = names && held.get(repository, names.manifest);
    if (names === null || holds === null) return false;
    if (holds.manifest === names.manifest) return true;
    from = holds.manifest;
  }
}
