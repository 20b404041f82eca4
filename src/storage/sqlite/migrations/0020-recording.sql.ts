/**
 * What was pulled while somebody recorded it (`recordings.ts`). `tag` is empty for a pull by digest; `hidden` is told of with
 * another: a tag of the same manifest, or an index that lists it. The tally counts what is told of by itself, and all rows.
 */
export default `
CREATE TABLE recording (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  started_at INTEGER NOT NULL,
  stopped_at INTEGER,
  who TEXT,
  networks TEXT NOT NULL,
  full_at INTEGER
) STRICT;
CREATE TABLE recorded_pull (
  recording INTEGER NOT NULL,
  repository TEXT NOT NULL,
  tag TEXT NOT NULL,
  digest TEXT NOT NULL,
  kind TEXT NOT NULL,
  platform TEXT,
  size INTEGER NOT NULL,
  at INTEGER NOT NULL,
  who TEXT,
  source TEXT,
  hidden INTEGER NOT NULL,
  PRIMARY KEY (recording, repository, tag, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX recorded_pull_digest ON recorded_pull (recording, repository, digest);
CREATE TABLE recorded_part (
  recording INTEGER NOT NULL,
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  part TEXT NOT NULL,
  platform TEXT,
  PRIMARY KEY (recording, repository, digest, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX recorded_part_part ON recorded_part (recording, repository, part);
CREATE TABLE recording_tally (
  recording INTEGER PRIMARY KEY,
  images INTEGER NOT NULL DEFAULT 0,
  rows INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TRIGGER recorded_pull_came AFTER INSERT ON recorded_pull BEGIN
  INSERT INTO recording_tally (recording) VALUES (new.recording) ON CONFLICT DO NOTHING;
  UPDATE recording_tally SET images = images + (new.hidden = 0), rows = rows + 1 WHERE recording = new.recording;
END;
CREATE TRIGGER recorded_pull_changed AFTER UPDATE OF hidden ON recorded_pull BEGIN
  UPDATE recording_tally SET images = images + (new.hidden = 0) - (old.hidden = 0) WHERE recording = new.recording;
END;
CREATE TRIGGER recorded_pull_went AFTER DELETE ON recorded_pull BEGIN
  UPDATE recording_tally SET images = images - (old.hidden = 0), rows = rows - 1 WHERE recording = old.recording;
END;
CREATE TRIGGER recorded_part_came AFTER INSERT ON recorded_part BEGIN
  INSERT INTO recording_tally (recording) VALUES (new.recording) ON CONFLICT DO NOTHING;
  UPDATE recording_tally SET rows = rows + 1 WHERE recording = new.recording;
END;
CREATE TRIGGER recorded_part_went AFTER DELETE ON recorded_part BEGIN
  UPDATE recording_tally SET rows = rows - 1 WHERE recording = old.recording;
END;
CREATE TRIGGER recording_went AFTER DELETE ON recording BEGIN
  DELETE FROM recording_tally WHERE recording = old.id;
END;
`;
