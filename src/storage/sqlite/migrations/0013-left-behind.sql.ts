/**
 * Manifests that lost their last tag (`left-behind.ts`), noted when they lose it, so that nothing is ever searched for them.
 *
 *   since     when that was, or when it was last put by its digest; 0: the next collection says its own time.
 *   look_at   when to look at it next: it may go then, or something holds it still.
 *
 * A row whose manifest is not in the repository is a deleted subject's: what refers to it was left behind with it.
 *
 * Of manifests that have no tag already nobody knows whether they ever had one: they count as pushed by digest alone.
 */
const TAGGED = (of: string) =>
  `EXISTS (SELECT 1 FROM tag WHERE repository = ${of}.repository AND manifest = ${of}.manifest)`;
const HELD = `EXISTS (SELECT 1 FROM repository_manifest WHERE repository = OLD.repository AND manifest = OLD.manifest)`;
const NOTE = `INSERT INTO left_behind (repository, manifest, since, look_at)
  SELECT OLD.repository, OLD.manifest, 0, 0 WHERE NOT ${TAGGED("OLD")} AND ${HELD}
  ON CONFLICT DO UPDATE SET since = 0, look_at = 0;`;
const forget = (of: string) =>
  `DELETE FROM left_behind WHERE repository = ${of}.repository AND manifest = ${of}.manifest;`;

export default `
CREATE TABLE left_behind (
  repository TEXT NOT NULL,
  manifest TEXT NOT NULL,
  since INTEGER NOT NULL,
  look_at INTEGER NOT NULL,
  PRIMARY KEY (repository, manifest)
) STRICT, WITHOUT ROWID;
CREATE INDEX left_behind_look ON left_behind (look_at);

CREATE TRIGGER tag_left AFTER DELETE ON tag BEGIN
  ${NOTE}
END;
CREATE TRIGGER tag_moved AFTER UPDATE OF manifest ON tag WHEN NEW.manifest <> OLD.manifest BEGIN
  ${NOTE}
  ${forget("NEW")}
END;
CREATE TRIGGER tag_came AFTER INSERT ON tag BEGIN
  ${forget("NEW")}
END;
CREATE TRIGGER left_behind_came AFTER INSERT ON repository_manifest BEGIN
  ${forget("NEW")}
END;
CREATE TRIGGER left_behind_gone AFTER DELETE ON repository_manifest BEGIN
  ${forget("OLD")}
END;
`;
