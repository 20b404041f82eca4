import { expect, test } from "bun:test";
import { addClause } from "./add-clause.ts";

test("a clause stands behind a semicolon, and behind a question begins a sentence", () => {
  expect(addClause("it answered 500", "pull again")).toBe("it answered 500; pull again");
  expect(addClause("is it running?", "pull again")).toBe("is it running? Pull again");
});
