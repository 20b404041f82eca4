import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Findings } from "../found/found-image.ts";
import { itemsAt, type Located, stringAt, valueAt } from "../found/located-value.ts";
import { linesOf, readDocuments, splitDocuments } from "./yaml-documents.ts";

function read(text: string): { documents: Located[]; findings: Findings } {
  const findings = new Findings();
  return { documents: readDocuments(text, linesOf("f.yaml"), findings), findings };
}

describe("YAML documents", () => {
  test("know the line of every value, across documents and comments", () => {
    const { documents } = read("# head\n---\na: x\n---\n\nb:\n  - y\n  - c: z\n");
    expect(documents).toHaveLength(2);
    expect(valueAt(documents[0] ?? null, "a")?.line).toBe(3);
    expect(itemsAt(documents[1] ?? null, "b").map(({ line }) => line)).toEqual([7, 8]);
  });

  test("that are broken are named by file and line, and the others are read", () => {
    const { documents, findings } = read("a: 1\n---\nb: [1,\nc: 2\n---\nd: 3\n");
    expect(documents.map((document) => valueAt(document, "a") !== null || valueAt(document, "d") !== null)).toEqual([
      true,
      true,
    ]);
    expect(findings.problems).toHaveLength(1);
    expect(findings.problems[0]?.file).toBe("f.yaml");
    expect(findings.problems[0]?.line).toBeGreaterThanOrEqual(3);
    expect(findings.problems[0]?.severity).toBe("error");
  });

  test("are cut at markers only, not at dashes inside of text", () => {
    expect(splitDocuments("a: |\n  ---\n  b\n---\nc: 1\n").map(({ firstLine }) => firstLine)).toEqual([1, 4]);
    expect(splitDocuments("---\n# nothing\n---\n\n...\n")).toEqual([]);
    expect(splitDocuments("%YAML 1.2\n---\na: 1\n")).toHaveLength(1);
    expect(splitDocuments("--- \r\na: 1\r\n---\r\nb: 2\r\n")).toHaveLength(2);
  });

  test("may be JSON objects one after the other", () => {
    const text = '{\n "a": {"b": "}"}\n}\n{\n"c": 1\n}\n\n{"d": 2}\n{"e": 3}';
    expect(splitDocuments(text).map(({ firstLine }) => firstLine)).toEqual([1, 4, 8, 9]);
    expect(splitDocuments('{"a":\n{"b": 1}}')).toHaveLength(1);
  });

  test("resolve anchors and merge keys, their own keys winning", () => {
    const { documents } = read("base: &b {x: one, y: two}\nuse:\n  <<: *b\n  y: mine\n");
    expect(stringAt(documents[0] ?? null, "use", "x")).toBe("one");
    expect(stringAt(documents[0] ?? null, "use", "y")).toBe("mine");
  });

  test("keep scalars as they are written", () => {
    const tag = valueAt(read("tag: 1.10").documents[0] ?? null, "tag");
    expect(tag).toMatchObject({ type: "scalar", text: "1.10" });
  });

  test("whose aliases multiply are refused, others read", () => {
    // Written out it would be more than any machine can hold.
    const levels = (count: number) =>
      Array.from({ length: count }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`).join("\n");
    const { documents, findings } = read(`a: 1\n---\nl0: &l0 [x]\n${levels(40)}\n---\nb: 2\n`);
    expect(documents).toHaveLength(2);
    expect(findings.problems.map(({ line, message }) => [line, message])).toEqual([
      [2, "its aliases stand for more than 1,000,000 values; it was not read"],
    ]);
    expect(read(`l0: &l0 [x]\n${levels(5)}`).documents).toHaveLength(1);
  });

  test("that hold themselves come to an end", () => {
    expect(read("a: &a\n  b: *a\n").documents).toHaveLength(1);
  });

  test("that nest without end are refused, whatever they nest with", () => {
    for (const text of ["[".repeat(100_000), "{a: ".repeat(50_000), "- ".repeat(5_000), "? ".repeat(5_000)]) {
      const { documents, findings } = read(text);
      expect(documents).toEqual([]);
      expect(findings.problems).toHaveLength(1);
    }
  });

  test("that are too long for any manifest are refused, others beside them read", () => {
    const { documents, findings } = read(`a: 1\n---\nb: ${"x".repeat(9 * 1024 * 1024)}\n---\nc: 2\n`);
    expect(documents).toHaveLength(2);
    expect(findings.problems.map(({ line }) => line)).toEqual([2]);
  });

  test("may indent the further lines of brackets and quotes as little as Kubernetes takes it", () => {
    const text = `spec:
  command: ["sh", # it's
  "-c", "a
b" ]
  note: it's {fine
  script: |
    echo "[
  image: after:1
`;
    const { documents, findings } = read(text);
    expect(findings.problems).toEqual([]);
    const image = valueAt(documents[0] ?? null, "spec", "image");
    expect(image).toMatchObject({ text: "after:1", line: 8 });
    expect(
      itemsAt(documents[0] ?? null, "spec", "command").map((item) => (item.type === "scalar" ? item.value : null)),
    ).toEqual(["sh", "-c", "a b"]);
  });

  test("read back what JSON writes, with no value lost", () => {
    const document = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,8}$/),
      fc.oneof(fc.string(), fc.boolean(), fc.integer()),
    );
    fc.assert(
      fc.property(fc.array(document, { minLength: 1, maxLength: 5 }), (written) => {
        const { documents } = read(written.map((value) => JSON.stringify(value)).join("\n---\n"));
        expect(documents).toHaveLength(written.length);
        for (const [index, value] of written.entries()) {
          for (const [key, item] of Object.entries(value)) {
            expect(valueAt(documents[index] ?? null, key)).toMatchObject({ type: "scalar", value: item });
          }
        }
      }),
    );
  });
});
