/**
 * What lists of images show of a tag, beside the tag itself (`image-search.ts`).
 *
 *   tag.size        bytes of its image that are here; below 0: it has not been measured since something of it came or went. With
 *                   each such change it becomes another number, so that a measure that was taken before it is known by it.
 *   tag.platforms   those that are here whole, with commas; as of when it was measured.
 *   tag.signed      1: it was measured, and has signatures.
 *   tag.covered     1: a pushed tag of that name covers this cached one.
 *
 * Of what names a blob or a manifest, so many are looked at: what comes by itself is named by few. What many share is nearly
 * always there before them.
 */
const NAMERS = 50;
const CHANGED = "size = iif(size < 0, size - 1, -1), signed = 0";
const SUBJECT = (of: string) => `'sha256:' || substr(${of}.name, 8, 64)`;

/** The tags of what names this digest, and of the indexes that name that. */
const changedBy = (repository: string, digest: string) => `UPDATE tag SET ${CHANGED}
  WHERE repository = ${repository} AND manifest IN (
    WITH namer AS (SELECT manifest FROM manifest_reference WHERE digest = ${digest} LIMIT ${NAMERS})
    SELECT manifest FROM namer UNION
    SELECT * FROM (SELECT f.manifest FROM namer CROSS JOIN manifest_reference f ON f.digest = namer.manifest LIMIT ${NAMERS}));`;

export default `
ALTER TABLE tag ADD COLUMN size INTEGER NOT NULL DEFAULT -1;
ALTER TABLE tag ADD COLUMN platforms TEXT NOT NULL DEFAULT '';
ALTER TABLE tag ADD COLUMN signed INTEGER NOT NULL DEFAULT 0 CHECK (signed IN (0, 1));
ALTER TABLE tag ADD COLUMN covered INTEGER NOT NULL DEFAULT 0 CHECK (covered IN (0, 1));
UPDATE tag SET covered = 1 WHERE pushed = 0
  AND EXISTS (SELECT 1 FROM tag o WHERE o.repository = tag.repository AND o.name = tag.name AND o.pushed = 1);
CREATE INDEX tag_size ON tag (size);
CREATE INDEX tag_covered ON tag (repository, name) WHERE covered = 1;
CREATE INDEX tag_signed ON tag (repository, name, pushed) WHERE signed = 1;

CREATE TRIGGER tag_covers AFTER INSERT ON tag WHEN NEW.pushed = 1 BEGIN
  UPDATE tag SET covered = 1 WHERE repository = NEW.repository AND name = NEW.name AND pushed = 0;
END;
CREATE TRIGGER tag_comes_covered AFTER INSERT ON tag WHEN NEW.pushed = 0 AND EXISTS (
  SELECT 1 FROM tag WHERE repository = NEW.repository AND name = NEW.name AND pushed = 1
) BEGIN
  UPDATE tag SET covered = 1 WHERE repository = NEW.repository AND name = NEW.name AND pushed = 0;
END;
CREATE TRIGGER tag_uncovers AFTER DELETE ON tag WHEN OLD.pushed = 1 BEGIN
  UPDATE tag SET covered = 0 WHERE repository = OLD.repository AND name = OLD.name AND pushed = 0;
END;

CREATE TRIGGER tag_moved_size AFTER UPDATE OF manifest ON tag WHEN NEW.manifest <> OLD.manifest BEGIN
  UPDATE tag SET ${CHANGED} WHERE repository = NEW.repository AND name = NEW.name AND pushed = NEW.pushed;
END;
CREATE TRIGGER tag_attached AFTER INSERT ON tag WHEN NEW.name GLOB 'sha256-*' BEGIN
  UPDATE tag SET ${CHANGED} WHERE repository = NEW.repository AND manifest = ${SUBJECT("NEW")};
END;
CREATE TRIGGER tag_attached_anew AFTER UPDATE OF manifest ON tag
WHEN NEW.name GLOB 'sha256-*' AND NEW.manifest <> OLD.manifest BEGIN
  UPDATE tag SET ${CHANGED} WHERE repository = NEW.repository AND manifest = ${SUBJECT("NEW")};
END;
CREATE TRIGGER tag_detached AFTER DELETE ON tag WHEN OLD.name GLOB 'sha256-*' BEGIN
  UPDATE tag SET ${CHANGED} WHERE repository = OLD.repository AND manifest = ${SUBJECT("OLD")};
END;
CREATE TRIGGER repository_manifest_came_size AFTER INSERT ON repository_manifest BEGIN
  UPDATE tag SET ${CHANGED} WHERE repository = NEW.repository AND manifest = NEW.subject;
  ${changedBy("NEW.repository", "NEW.manifest")}
END;
CREATE TRIGGER repository_manifest_gone_size AFTER DELETE ON repository_manifest BEGIN
  UPDATE tag SET ${CHANGED} WHERE repository = OLD.repository AND manifest = OLD.subject;
  ${changedBy("OLD.repository", "OLD.manifest")}
END;
CREATE TRIGGER repository_blob_came_size AFTER INSERT ON repository_blob BEGIN
  ${changedBy("NEW.repository", "NEW.digest")}
END;
CREATE TRIGGER repository_blob_gone_size AFTER DELETE ON repository_blob BEGIN
  ${changedBy("OLD.repository", "OLD.digest")}
END;
`;
