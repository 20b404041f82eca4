import { expect, test } from "bun:test";
import type { DiscoveryLine } from "../../admin/discovery-schemas.ts";
import { collectLines, keyOf, withStates } from "./discovered.ts";
import { summaryOf } from "./summary.ts";

const place = { file: "a.yaml", written: "", source: "kubernetes", platform: null, isBuiltLocally: false } as const;
const absent = { state: "absent", missing: [], missingCount: 0, missingBytes: null, reason: "it is not here" } as const;
const whole = { state: "whole", missing: [], missingCount: 0, missingBytes: 0, reason: null } as const;
const PREFER = { prefer: "linux/amd64" };

async function* saying(...lines: DiscoveryLine[]): AsyncGenerator<DiscoveryLine> {
  yield* lines;
}

const DONE = { kind: "done", images: 2, whole: 1, missingBytes: 0, left: 0, isWhole: true } as const;

test("an image is a row for each file that names it, with all lines, and knows whether it is here", async () => {
  const found = await collectLines(
    saying(
      { kind: "received", files: 2, bytes: 9 },
      { kind: "reference", image: "q.io/a:1", certainty: "guess", line: 3, ...place },
      { kind: "reference", image: "q.io/a:1", certainty: "field", line: 7, ...place },
      { kind: "reference", image: "q.io/a:1", certainty: "guess", line: 1, ...place, file: "b.yaml" },
      { kind: "reference", image: "q.io/b:1", certainty: "field", line: 9, ...place, platform: "linux/arm64" },
      { kind: "reference", image: "q.io/own:local", certainty: "field", line: 9, ...place, isBuiltLocally: true },
      { kind: "problem", severity: "note", file: "a.yaml", line: null, message: "so" },
      { kind: "image", image: "q.io/a:1", platforms: PREFER, platform: null, isGuess: false, ...whole },
      {
        kind: "image",
        image: "q.io/b:1",
        platforms: ["linux/arm64"],
        platform: "linux/arm64",
        isGuess: false,
        ...absent,
      },
      DONE,
    ),
  );
  expect(
    found.rows.map(({ file, lines, image, isGuess, needed }) => [file, lines, image, isGuess, needed?.state]),
  ).toEqual([
    ["a.yaml", [3, 7], "q.io/a:1", false, "whole"],
    ["b.yaml", [1], "q.io/a:1", true, "whole"],
    ["a.yaml", [9], "q.io/b:1", false, "absent"],
    ["a.yaml", [9], "q.io/own:local", false, undefined],
  ]);
  expect(summaryOf(found.images)).toBe("1 of 2 images is here, complete; 1 is missing.");
  const come = withStates(
    found,
    found.images.map((image) => ({ ...image, ...whole })),
  );
  expect(come.rows[2]?.needed?.state).toBe("whole");
  expect(summaryOf(come.images)).toBe("All 2 images are here, complete.");
  expect(new Set(come.images.map(keyOf)).size).toBe(2);
});

test("an answer that breaks off or fails is no result", async () => {
  await expect(collectLines(saying({ kind: "received", files: 1, bytes: 1 }))).rejects.toThrow("larder was stopped");
  await expect(collectLines(saying({ kind: "failed", code: "UNKNOWN", message: "no" }))).rejects.toThrow("no");
});

test("how much is missing is said as far as it is known", () => {
  const image = (missingBytes: number | null) => {
    return { image: "q.io/a:1", platforms: PREFER, platform: null, isGuess: false, ...absent, missingBytes };
  };
  expect(summaryOf([])).toBe("No images are named there.");
  expect(summaryOf([image(2_000_000)])).toBe("The one image is missing, about 2.0 MB.");
  expect(summaryOf([image(2_000_000), image(null)])).toContain(
    "2 are missing, at least 2.0 MB (of 1 the size is known",
  );
});
