/**
 * What each repository's blobs come to, counted by triggers: nobody adds up a million links to tell what takes the space.
 * A repository without links has a row of zeros, or none.
 */
export default `
CREATE TABLE repository_size (
  repository TEXT PRIMARY KEY,
  blobs INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO repository_size
  SELECT r.repository, count(*), sum(b.size) FROM repository_blob r CROSS JOIN blob b ON b.digest = r.digest
  GROUP BY r.repository;

CREATE TRIGGER repository_blob_sized AFTER INSERT ON repository_blob BEGIN
  INSERT INTO repository_size (repository, blobs, bytes)
    VALUES (NEW.repository, 1, (SELECT size FROM blob WHERE digest = NEW.digest))
    ON CONFLICT DO UPDATE SET blobs = blobs + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER repository_blob_unsized AFTER DELETE ON repository_blob BEGIN
  UPDATE repository_size SET blobs = blobs - 1,
    bytes = bytes - (SELECT size FROM blob WHERE digest = OLD.digest) WHERE repository = OLD.repository;
END;
CREATE TRIGGER repository_blob_resized AFTER UPDATE OF size ON blob WHEN NEW.size <> OLD.size BEGIN
  UPDATE repository_size SET bytes = bytes + NEW.size - OLD.size
    WHERE repository IN (SELECT repository FROM repository_blob WHERE digest = NEW.digest);
END;
`;
