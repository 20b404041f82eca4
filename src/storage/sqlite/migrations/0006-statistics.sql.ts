/**
 * Figures of the store.
 *
 *   total     what there is, counted by triggers: whoever changes a row, for whatever reason, cannot forget to, and nobody
 *             ever counts a million rows to tell how many they are. One row.
 *   traffic   what was answered for each namespace since `traffic_since`, in milliseconds since 1970.
 */
export default `
CREATE TABLE total (
  blobs INTEGER NOT NULL,
  blob_bytes INTEGER NOT NULL,
  manifests INTEGER NOT NULL,
  repositories INTEGER NOT NULL,
  pushed_tags INTEGER NOT NULL,
  cached_tags INTEGER NOT NULL,
  uploads INTEGER NOT NULL
) STRICT;
INSERT INTO total SELECT
  (SELECT count(*) FROM blob),
  (SELECT coalesce(sum(size), 0) FROM blob),
  (SELECT count(*) FROM manifest),
  (SELECT count(DISTINCT repository) FROM repository_manifest),
  (SELECT count(*) FROM tag WHERE pushed = 1),
  (SELECT count(*) FROM tag WHERE pushed = 0),
  (SELECT count(*) FROM upload_session);

CREATE TRIGGER blob_counted AFTER INSERT ON blob BEGIN
  UPDATE total SET blobs = blobs + 1, blob_bytes = blob_bytes + NEW.size;
END;
CREATE TRIGGER blob_resized AFTER UPDATE OF size ON blob WHEN NEW.size <> OLD.size BEGIN
  UPDATE total SET blob_bytes = blob_bytes + NEW.size - OLD.size;
END;
CREATE TRIGGER blob_uncounted AFTER DELETE ON blob BEGIN
  UPDATE total SET blobs = blobs - 1, blob_bytes = blob_bytes - OLD.size;
END;

CREATE TRIGGER manifest_counted AFTER INSERT ON manifest BEGIN
  UPDATE total SET manifests = manifests + 1;
END;
CREATE TRIGGER manifest_uncounted AFTER DELETE ON manifest BEGIN
  UPDATE total SET manifests = manifests - 1;
END;

CREATE TRIGGER repository_counted AFTER INSERT ON repository_manifest
WHEN NOT EXISTS (
  SELECT 1 FROM repository_manifest WHERE repository = NEW.repository AND manifest <> NEW.manifest LIMIT 1
) BEGIN
  UPDATE total SET repositories = repositories + 1;
END;
CREATE TRIGGER repository_uncounted AFTER DELETE ON repository_manifest
WHEN NOT EXISTS (SELECT 1 FROM repository_manifest WHERE repository = OLD.repository LIMIT 1) BEGIN
  UPDATE total SET repositories = repositories - 1;
END;

CREATE TRIGGER tag_counted AFTER INSERT ON tag BEGIN
  UPDATE total SET pushed_tags = pushed_tags + NEW.pushed, cached_tags = cached_tags + 1 - NEW.pushed;
END;
CREATE TRIGGER tag_uncounted AFTER DELETE ON tag BEGIN
  UPDATE total SET pushed_tags = pushed_tags - OLD.pushed, cached_tags = cached_tags - 1 + OLD.pushed;
END;

CREATE TRIGGER upload_counted AFTER INSERT ON upload_session BEGIN
  UPDATE total SET uploads = uploads + 1;
END;
CREATE TRIGGER upload_uncounted AFTER DELETE ON upload_session BEGIN
  UPDATE total SET uploads = uploads - 1;
END;

CREATE TABLE traffic_since (at INTEGER NOT NULL) STRICT;
INSERT INTO traffic_since SELECT unixepoch() * 1000;

CREATE TABLE traffic (
  namespace TEXT PRIMARY KEY,
  hits INTEGER NOT NULL,
  misses INTEGER NOT NULL,
  stale INTEGER NOT NULL,
  bytes_from_disk INTEGER NOT NULL,
  bytes_from_upstream INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
