/**
 * When images were last pulled, and which manifests were pushed here.
 *
 *   repository_manifest.pushed      1: a person put it here, under a tag or not. It is never given up for want of space.
 *   repository_manifest.used_at     when it was pulled last, or came here: the order in which cached images are given up.
 *   repository_manifest.pulled_at   when it was pulled last; 0: never, as far as is known.
 *   tag.pulled_at                   that of the manifest that it points at, for lists in its order.
 *
 * Of what is here already it is told from tags and events whether it was cached; what does not tell counts as pushed.
 */
const CACHED = `EXISTS (SELECT 1 FROM tag t WHERE t.repository = repository_manifest.repository
  AND t.manifest = repository_manifest.manifest AND t.pushed = 0)`;
const PUSHED = `EXISTS (SELECT 1 FROM tag t WHERE t.repository = repository_manifest.repository
  AND t.manifest = repository_manifest.manifest AND t.pushed = 1)`;

export default `
ALTER TABLE repository_manifest ADD COLUMN pushed INTEGER NOT NULL DEFAULT 1 CHECK (pushed IN (0, 1));
ALTER TABLE repository_manifest ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repository_manifest ADD COLUMN pulled_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tag ADD COLUMN pulled_at INTEGER NOT NULL DEFAULT 0;

UPDATE repository_manifest SET used_at = added_at, pushed = CASE WHEN ${CACHED} AND NOT ${PUSHED} THEN 0 ELSE 1 END;
UPDATE repository_manifest SET pushed = 0
  WHERE (repository, manifest) IN (SELECT repository, digest FROM event WHERE kind = 'cached')
    AND (repository, manifest) NOT IN (
      SELECT repository, digest FROM event WHERE kind = 'pushed' AND repository IS NOT NULL AND digest IS NOT NULL)
    AND NOT ${PUSHED};
UPDATE repository_manifest SET pushed = 0
  WHERE pushed = 1 AND NOT ${PUSHED} AND EXISTS (
    SELECT 1 FROM manifest_reference f CROSS JOIN repository_manifest p
      ON p.repository = repository_manifest.repository AND p.manifest = f.manifest
    WHERE f.digest = repository_manifest.manifest AND p.pushed = 0);

CREATE INDEX repository_manifest_used ON repository_manifest (used_at) WHERE pushed = 0;
CREATE INDEX tag_pulled ON tag (pulled_at);
`;
