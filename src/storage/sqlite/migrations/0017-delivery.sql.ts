/**
 * What is to be told to other systems (`deliveries.ts`). Of each endpoint is counted what waits for it; `dropped` is written
 * by those who drop, and `gone_since` of an endpoint that is not in the settings any more.
 */
export default `
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  endpoint TEXT NOT NULL,
  record TEXT NOT NULL,
  at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  given_up_at INTEGER,
  failure TEXT
) STRICT;
CREATE INDEX delivery_place ON delivery (endpoint, given_up_at, id);
CREATE TABLE delivery_tally (
  endpoint TEXT PRIMARY KEY,
  waiting INTEGER NOT NULL DEFAULT 0,
  waiting_bytes INTEGER NOT NULL DEFAULT 0,
  given_up INTEGER NOT NULL DEFAULT 0,
  dropped INTEGER NOT NULL DEFAULT 0,
  gone_since INTEGER
) STRICT, WITHOUT ROWID;
CREATE TRIGGER delivery_queued AFTER INSERT ON delivery BEGIN
  INSERT INTO delivery_tally (endpoint) VALUES (new.endpoint) ON CONFLICT DO NOTHING;
  UPDATE delivery_tally SET waiting = waiting + (new.given_up_at IS NULL), given_up = given_up + (new.given_up_at IS NOT NULL),
    waiting_bytes = waiting_bytes + iif(new.given_up_at IS NULL, octet_length(new.record), 0)
  WHERE endpoint = new.endpoint;
END;
CREATE TRIGGER delivery_gone AFTER DELETE ON delivery BEGIN
  UPDATE delivery_tally SET waiting = waiting - (old.given_up_at IS NULL), given_up = given_up - (old.given_up_at IS NOT NULL),
    waiting_bytes = waiting_bytes - iif(old.given_up_at IS NULL, octet_length(old.record), 0)
  WHERE endpoint = old.endpoint;
END;
CREATE TRIGGER delivery_moved AFTER UPDATE OF given_up_at ON delivery
  WHEN (old.given_up_at IS NULL) <> (new.given_up_at IS NULL) BEGIN
  UPDATE delivery_tally SET
    waiting = waiting + (new.given_up_at IS NULL) - (old.given_up_at IS NULL),
    given_up = given_up + (new.given_up_at IS NOT NULL) - (old.given_up_at IS NOT NULL),
    waiting_bytes = waiting_bytes + iif(new.given_up_at IS NULL, octet_length(new.record), -octet_length(new.record))
  WHERE endpoint = new.endpoint;
END;
`;
