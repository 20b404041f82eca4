import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { mergeJson } from "./merge-json.ts";
import type { MergeResult } from "./merge-result.ts";
import { requirement } from "../../../test/requirement.ts";

const ADDITIONS = '{"registry-mirrors": ["http://10.0.0.5:5000"], "insecure-registries": ["10.0.0.5:5000"]}\n';

function mergedText(text: string): string {
  const result = mergeJson(text, ADDITIONS);
  if (result.kind !== "merged") throw new Error(JSON.stringify(result));
  return result.text;
}

describe("mergeJson", () => {
  test("keeps the file's own form, and asks larder's mirror first", () => {
    const text = `{
\t"log-driver": "local",
\t"registry-mirrors": [
\t\t"https://mirror.example"
\t]
}
`;
    expect(mergedText(text)).toBe(`{
\t"log-driver": "local",
\t"registry-mirrors": [
\t\t"http://10.0.0.5:5000",
\t\t"https://mirror.example"
\t],
\t"insecure-registries": ["10.0.0.5:5000"]
}
`);
  });

  test("takes no file, an empty one and an empty object", () => {
    expect(mergedText("")).toBe(ADDITIONS);
    expect(mergedText(" \n")).toBe(ADDITIONS);
    expect(JSON.parse(mergedText("{ }"))).toEqual(JSON.parse(ADDITIONS));
    expect(JSON.parse(mergedText('{"registry-mirrors": []}'))).toEqual(JSON.parse(ADDITIONS));
  });

  test("leaves a file that says it already, with escaped slashes or without", () => {
    expect(mergeJson(ADDITIONS, ADDITIONS)).toEqual({ kind: "unchanged", note: null });
    expect(mergeJson(ADDITIONS.replaceAll("/", "\\/"), ADDITIONS)).toEqual({ kind: "unchanged", note: null });
  });

  test("touches nothing that it does not understand", () => {
    const unclear = {
      "[]": "not a JSON object",
      "{} {}": "follows",
      '{"a": 1,}': "not valid JSON",
      '{"a": 01}': "not valid JSON",
      '{"a": "b': "does not end",
      '{"registry-mirrors": "http://a"}': "not a list of strings",
      '{"registry-mirrors": [1]}': "not a list of strings",
      '{"registry-mirrors": [], "registry-mirrors": []}': "twice",
      '{"registry\\u002dmirrors": []}': "backslash",
      "// comment\n{}": "not a JSON object",
      [`{"a": ${"[".repeat(100)}${"]".repeat(100)}}`]: "nested too deeply",
    };
    for (const [text, reason] of Object.entries(unclear)) {
      expect(mergeJson(text, ADDITIONS)).toEqual({ kind: "impossible", reason: expect.stringContaining(reason) });
    }
  });

  test("adds to what any JSON object holds, and takes nothing away", () => {
    fc.assert(
      fc.property(objects, fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
        const merged = JSON.parse(mergedText(JSON.stringify(value, null, indent)));
        expect(merged).toEqual({
          ...value,
          "registry-mirrors": ["http://10.0.0.5:5000", ...(value["registry-mirrors"] ?? [])],
          "insecure-registries": ["10.0.0.5:5000"],
        });
        expect(mergeJson(JSON.stringify(merged), ADDITIONS).kind).toBe("unchanged");
      }),
    );
  });
});

const plainKey = fc
  .stringMatching(/^[a-z][a-z-]{0,8}$/)
  .filter((key) => !key.startsWith("registry") && !key.startsWith("insecure"));
const objects = fc
  .tuple(fc.dictionary(plainKey, fc.jsonValue(), { noNullPrototype: true }), fc.option(fc.array(fc.webUrl())))
  .map(([rest, mirrors]) =>
    JSON.parse(JSON.stringify(mirrors === null ? rest : { "registry-mirrors": mirrors, ...rest })),
  );

describe("merge-json.awk", () => {
  for (const awk of [["mawk"], ["busybox", "awk"], ["gawk"]]) {
    test.skipIf(!requirement(awk[0] ?? "").met)(`does the same under ${awk.join(" ")}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "larder-merge-"));
      try {
        const samples = [
          ...fc.sample(objects, 30).flatMap((value) => [JSON.stringify(value), JSON.stringify(value, null, 2)]),
          "",
          "{}",
          "[]",
          "{",
          '{"a":1',
          '{"a":[1,{"b":"c\\"d"}]} ',
          '{"registry-mirrors":[ ]}',
          '{"registry-mirrors":{}}',
          ADDITIONS,
        ];
        for (const text of samples) expect(await awkMerge(awk, folder, text)).toEqual(mergeJson(text, ADDITIONS));
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});

async function awkMerge(awk: readonly string[], folder: string, text: string): Promise<MergeResult> {
  const [additions, file, why] = [join(folder, "additions"), join(folder, "file"), join(folder, "why")];
  await Promise.all([writeFile(additions, ADDITIONS), writeFile(file, text), writeFile(why, "")]);
  const program = join(import.meta.dir, "../script/merge-json.awk");
  const { stdout, exitCode } = Bun.spawnSync([...awk, "-v", `why=${why}`, "-f", program, additions, file], {
    env: { ...process.env, LC_ALL: "C" },
  });
  const reason = (await Bun.file(why).text()).trimEnd();
  if (exitCode === 0) return { kind: "merged", text: stdout.toString(), note: null };
  return exitCode === 3 ? { kind: "unchanged", note: null } : { kind: "impossible", reason };
}
