/**
 * docker.io's names of one component are those of `library/`. Pushes to `docker.io/own` were kept under that very name,
 * which no node asks for: they become `docker.io/library/own`. What is there already stays; a pushed tag and a cached one
 * are rows of their own, so the pushed one wins.
 */
const SHORT = "repository GLOB 'docker.io/*' AND repository NOT GLOB 'docker.io/*/*'";
const FULL = "'docker.io/library/' || substr(repository, length('docker.io/') + 1)";

export default `
INSERT INTO repository_manifest (repository, manifest, subject, added_at, orphaned_at)
  SELECT ${FULL}, manifest, subject, added_at, orphaned_at FROM repository_manifest WHERE ${SHORT}
  ON CONFLICT DO UPDATE SET orphaned_at = NULL WHERE excluded.orphaned_at IS NULL;
INSERT INTO tag (repository, name, pushed, manifest, updated_at, checked_at)
  SELECT ${FULL}, name, pushed, manifest, updated_at, checked_at FROM tag WHERE ${SHORT}
  ON CONFLICT DO NOTHING;
INSERT INTO repository_blob (repository, digest, touched_at)
  SELECT ${FULL}, digest, touched_at FROM repository_blob WHERE ${SHORT}
  ON CONFLICT DO NOTHING;
UPDATE upload_session SET repository = ${FULL} WHERE ${SHORT};
DELETE FROM tag WHERE ${SHORT};
DELETE FROM repository_manifest WHERE ${SHORT};
DELETE FROM repository_blob WHERE ${SHORT};
`;
