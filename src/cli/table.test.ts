import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Column, formatTable } from "./table.ts";

const COLUMNS: readonly Column[] = [
  { title: "IMAGE", kind: "name" },
  { title: "SIZE", kind: "fact" },
  { title: "DIGEST", kind: "digest" },
  { title: "DETAIL", kind: "prose" },
];
const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const ROWS = [
  [
    "registry.example.com/platform/service:1.27",
    "123.4 MB",
    DIGEST,
    "cannot be fetched: larder does not stand in for it",
  ],
  ["quay.io/x:1", "1 B", DIGEST, ""],
];

test("what is no terminal gets everything, in columns", () => {
  const lines = formatTable(COLUMNS, ROWS, null).split("\n");
  expect(lines[1]).toBe(`${ROWS[0]?.[0]}  123.4 MB  ${DIGEST}  cannot be fetched: larder does not stand in for it`);
  expect(lines[0]).toMatch(/^IMAGE {39}SIZE {6}DIGEST {67}DETAIL$/);
});

test("a terminal gets short digests first, then names without their middle; prose goes on below", () => {
  expect(formatTable(COLUMNS, ROWS, 100)).toBe(
    [
      "IMAGE                                       SIZE      DIGEST               DETAIL",
      "registry.example.com/platform/service:1.27  123.4 MB  sha256:0123456789ab  cannot be fetched:",
      "                                                                           larder does not stand in",
      "                                                                           for it",
      "quay.io/x:1                                 1 B       sha256:0123456789ab",
      "",
    ].join("\n"),
  );
  const narrow = formatTable(COLUMNS, ROWS, 80).split("\n");
  expect(narrow[1]).toBe("registry.…/service:1.27  123.4 MB  sha256:0123456789ab  cannot be fetched:");
});

test("where columns have no room, each row is a paragraph", () => {
  expect(formatTable(COLUMNS, ROWS, 40)).toBe(
    [
      "registry.example.com/platf…/service:1.27",
      "  size 123.4 MB",
      "  digest sha256:0123456789ab",
      "  detail cannot be fetched: larder does",
      "  not stand in for it",
      "quay.io/x:1",
      "  size 1 B  digest sha256:0123456789ab",
      "",
    ].join("\n"),
  );
});

describe("from 40 to 200 columns", () => {
  const image = fc.string({ unit: fc.constantFrom("a", "b", "/", ".", ":", "-"), minLength: 1, maxLength: 90 });
  const size = fc.constantFrom("1 B", "999.9 MB", "-");
  const prose = fc
    .array(fc.constantFrom("cannot", "be", "fetched:", "larder"), { maxLength: 20 })
    .map((words) => words.join(" "));
  const rows = fc.array(fc.tuple(image, size, fc.constant(DIGEST), prose), { minLength: 1, maxLength: 6 });

  test("no line is wider than the terminal, and no number is cut", () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 40, max: 200 }), (some, width) => {
        const text = formatTable(COLUMNS, some, width);
        for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(width);
        for (const [, number = ""] of some) expect(number === "-" || text.includes(number)).toBe(true);
      }),
    );
  });
});
