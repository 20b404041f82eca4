/**
 * What a collection has to look at, noted when it comes about: a collection costs what has changed.
 *
 *   released   manifests that a repository held: what they name may be needed no more. `position`: their references up to
 *              this one have been looked at. `repository` is '' for a manifest that no repository may ever come to hold.
 *   unlinked   blobs that lost a link, which may have been their last.
 *   sweep      how far the slow round through all rows has come, which finds what was noted nowhere.
 *
 * Triggers note it, so that whoever takes a row away, for whatever reason, cannot forget to. The links that only a grace
 * period holds are those of the index; the `touched_at` of all others is 0.
 */
export default `
CREATE TABLE released (
  manifest TEXT NOT NULL,
  repository TEXT NOT NULL,
  position TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (manifest, repository)
) STRICT, WITHOUT ROWID;

CREATE TABLE unlinked (
  digest TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE sweep (
  what TEXT PRIMARY KEY,
  repository TEXT NOT NULL,
  digest TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX repository_blob_touched ON repository_blob (touched_at) WHERE touched_at <> 0;

CREATE TRIGGER repository_manifest_released AFTER DELETE ON repository_manifest BEGIN
  INSERT INTO released (manifest, repository) VALUES (OLD.manifest, OLD.repository)
    ON CONFLICT DO UPDATE SET position = '';
END;

CREATE TRIGGER repository_blob_unlinked AFTER DELETE ON repository_blob BEGIN
  INSERT INTO unlinked (digest) VALUES (OLD.digest) ON CONFLICT DO NOTHING;
END;
`;
