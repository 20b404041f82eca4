import { expect, test } from "bun:test";
import { digestOf } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Pull, PullStore } from "../../storage/pulls.ts";
import { LineLog } from "../../telemetry/line-log.ts";
import { BestEffortWrites } from "./best-effort-writes.ts";
import { PullNotes } from "./pull-notes.ts";

const [HERE, THERE] = ["quay.io/a", "quay.io/b"] as [RepositoryName, RepositoryName];
const [ONE, TWO, THREE] = [digestOf("1"), digestOf("2"), digestOf("3")];

/** Notes over a store that keeps what it is told, or fails. */
function lab(limit?: number) {
  const written: (readonly Pull[])[] = [];
  const state = { nowMs: 0, isFailing: false };
  const store: PullStore = {
    notePulls: async (pulls) => {
      if (state.isFailing) throw new Error("no");
      written.push(pulls);
    },
    lastPull: async () => null,
  };
  const log = new LineLog(
    () => {},
    "error",
    () => 0,
  );
  const notes = new PullNotes(store, new BestEffortWrites(log, () => 0), () => state.nowMs, limit);
  return { notes, written, state };
}

test("what was pulled many times is written once, with the last time, for each repository", async () => {
  const { notes, written, state } = lab();
  for (const [repository, digest] of [
    [HERE, ONE],
    [THERE, ONE],
    [HERE, TWO],
    [HERE, ONE],
  ] as const) {
    state.nowMs++;
    notes.note(repository, digest);
  }
  await notes.save();
  await notes.save();
  expect(written).toHaveLength(1);
  expect(written[0]?.toSorted((a, b) => a.atMs - b.atMs)).toEqual([
    { repository: THERE, digest: ONE, atMs: 2 },
    { repository: HERE, digest: TWO, atMs: 3 },
    { repository: HERE, digest: ONE, atMs: 4 },
  ]);
});

test("what could not be written is for the next time, and what came meanwhile is newer", async () => {
  const { notes, written, state } = lab();
  notes.note(HERE, ONE);
  notes.note(HERE, TWO);
  state.isFailing = true;
  const saving = notes.save();
  state.nowMs = 9;
  notes.note(HERE, ONE);
  await saving;
  state.isFailing = false;
  await notes.save();
  expect(written[0]?.toSorted((a, b) => a.atMs - b.atMs)).toEqual([
    { repository: HERE, digest: TWO, atMs: 0 },
    { repository: HERE, digest: ONE, atMs: 9 },
  ]);
});

test("their number is bounded, whatever fails: then they are written at once, or lost", async () => {
  const { notes, written, state } = lab(2);
  state.isFailing = true;
  for (const digest of [ONE, TWO, THREE]) notes.note(HERE, digest);
  await notes.save();
  state.isFailing = false;
  notes.note(THERE, ONE);
  for (let i = 0; i < 2; i++) await notes.save();
  expect(written.map((pulls) => pulls.length)).toEqual([2, 1]);
});
