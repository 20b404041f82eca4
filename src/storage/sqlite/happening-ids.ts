/** The id of an event or an audit entry is made of its time in so many parts of a millisecond. */
export const IDS_A_MS = 1000;

/** The next id for what happens at the time `?1`: behind all that there are, of events and of entries. */
export const NEXT_ID = `max(
  coalesce((SELECT max(id) FROM event), 0) + 1, coalesce((SELECT max(id) FROM audit), 0) + 1, ?1 * ${IDS_A_MS})`;
