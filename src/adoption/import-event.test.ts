import { expect, test } from "bun:test";
import { type ImportEvent, ImportTally } from "./import-event.ts";

test("a name in a folder neither breaks the line that tells of it nor steers a terminal", () => {
  const told: ImportEvent[] = [];
  const tally = new ImportTally(
    (event) => told.push(event),
    () => 0,
  );
  tally.note({ image: null, file: "repositories/a\nteam/app:v1\x1b[2J\u202E", what: "it is no name" });
  tally.note({ image: "größe", file: null, what: "w" });
  expect(told).toEqual([
    { kind: "problem", image: null, file: "repositories/a\\u000ateam/app:v1\\u001b[2J\\u202e", what: "it is no name" },
    { kind: "problem", image: "größe", file: null, what: "w" },
  ]);
});
