import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { printJson } from "../../lib/go-template/print-json.ts";
import type { TemplateMap } from "../../lib/go-template/template-value.ts";
import { ChartOptionError, givenValues, helmArguments, NO_CHART_OPTIONS } from "./chart-options.ts";
import { setValues } from "./set-values.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-values-"));
  await writeFile(join(folder, "a.yaml"), "image: {tag: '1', registry: q.io}\nlist: [1, 2]\nkept: yes\n");
  await writeFile(join(folder, "b.yaml"), "image: {tag: '2', pullPolicy: null}\nlist: [3]\n");
  await writeFile(join(folder, "list.yaml"), "- a\n");
  await writeFile(join(folder, "broken.yaml"), "a: [\n");
});
afterAll(() => rm(folder, { recursive: true }));

function set(argument: string, asText = false): string {
  const values: TemplateMap = new Map();
  setValues(values, argument, asText);
  return printJson(values);
}

describe("a value that is set", () => {
  // What helm template makes of the same arguments.
  test.each([
    ["a=1,b=x", '{"a":1,"b":"x"}'],
    ["a.b.c=v", '{"a":{"b":{"c":"v"}}}'],
    ["a[0]=x,a[2].b=y", '{"a":["x",null,{"b":"y"}]}'],
    ["a={x,1,true}", '{"a":["x",1,true]}'],
    ["a={}", '{"a":[]}'],
    ["a=true,b=null,c=", '{"a":true,"b":null,"c":""}'],
    ["tag=20240101,old=0123,ver=1.10", '{"old":"0123","tag":20240101,"ver":"1.10"}'],
    ["a\\.b/c=x\\,y", '{"a.b/c":"x,y"}'],
    ["image=q.io/a/b:1=2", '{"image":"q.io/a/b:1=2"}'],
  ])("%s", (argument, expected) => expect(set(argument)).toBe(expected));

  test("as text is text", () => expect(set("a=1,b=true", true)).toBe('{"a":"1","b":"true"}'));

  test.each(["a", "=x", "a[99999999]=x", ".=x", `${"a.".repeat(100)}b=1`])("%s is refused", (argument) => {
    expect(() => set(argument)).toThrow();
  });

  test("any argument ends in values or refusal", () => {
    const piece = fc.constantFrom("a", ".", "[0]", "[", "]", "=", ",", "{", "}", "\\", "1", "null");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        try {
          set(pieces.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});

describe("the values of all options", () => {
  test("are the files', the last winning, then those that are set", async () => {
    const options = {
      helm: null,
      valuesFiles: [join(folder, "a.yaml"), join(folder, "b.yaml")],
      set: ["image.tag=3", "kept=1"],
      setString: ["kept=1"],
    };
    expect(printJson(await givenValues(options))).toBe(
      '{"image":{"pullPolicy":null,"registry":"q.io","tag":3},"kept":"1","list":[3]}',
    );
    expect(helmArguments(options).slice(-2)).toEqual(["--set-string", "kept=1"]);
  });

  test.each(["list.yaml", "broken.yaml", "none.yaml"])("are refused when %s cannot be read", async (name) => {
    expect(givenValues({ ...NO_CHART_OPTIONS, valuesFiles: [join(folder, name)] })).rejects.toThrow(ChartOptionError);
  });
});
