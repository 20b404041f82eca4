/** docs/command-line.md has the results of --json as their schemas say. `LARDER_UPDATE_GOLDEN=1` writes them anew. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { type JsonSchema, toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { RESULTS } from "./results.ts";

const GUIDE = join(import.meta.dir, "..", "..", "..", "docs", "command-line.md");
const [BEGIN, END] = ["<!-- the results: written by a test -->\n\n", "\n<!-- the end of the results -->"];

type Row = readonly [field: string, type: string, meaning: string];

/** The fields of an object, those of objects within it behind a dot, of the items of a list behind `[]`. */
function fieldsOf(schema: JsonSchema, path: string): readonly Row[] {
  const variants = (schema.anyOf ?? schema.oneOf ?? []).filter((one) => typeof one === "object");
  const some = variants.filter(({ type }) => type !== "null");
  const nullable = some.length < variants.length;
  if (nullable && some.length === 1 && some[0] !== undefined) {
    const [first, ...rest] = fieldsOf(
      { ...some[0], ...(schema.description === undefined ? {} : { description: schema.description }) },
      path,
    );
    return first === undefined ? [] : [[first[0], `${first[1]} or null`, first[2]], ...rest];
  }
  const description = schema.description ?? "";
  if (some.length > 1) return [[path, "object", description], ...uniqueRows(some.flatMap((one) => innerOf(one, path)))];
  return [[path, typeOf(schema), description], ...innerOf(schema, path)];
}

function innerOf(schema: JsonSchema, path: string): readonly Row[] {
  const { items, properties = {} } = schema;
  if (typeof items === "object" && !Array.isArray(items)) return innerOf(items, `${path}[]`);
  const prefix = path === "" ? "" : `${path}.`;
  return Object.entries(properties).flatMap(([name, value]) =>
    typeof value === "object" ? fieldsOf(value, `${prefix}${name}`) : [],
  );
}

function uniqueRows(rows: readonly Row[]): readonly Row[] {
  const types = new Map<string, Row>();
  for (const [field, type, meaning] of rows) {
    const known = types.get(field);
    types.set(
      field,
      known === undefined || known[1] === type ? [field, type, meaning] : [field, `${known[1]}, ${type}`, meaning],
    );
  }
  return [...types.values()];
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${wordOf(value)}\``).join(", ");
  if (schema.const !== undefined) return `\`${wordOf(schema.const)}\``;
  if (schema.format === "date-time") return "time";
  if (schema.type !== "array") return String(schema.type ?? "any");
  const { items } = schema;
  return `list of ${typeof items === "object" && !Array.isArray(items) ? plural(typeOf(items)) : "anything"}`;
}

function plural(type: string): string {
  return /^[a-z]+$/.test(type) ? `${type}s` : type;
}

function describe(verb: string, schema: v.GenericSchema): string {
  const json = toJsonSchema(schema);
  const what = json.type === "array" ? "a list of objects:" : "an object:";
  const header = ["| field | value | |", "| --- | --- | --- |"];
  const rows = innerOf(json, "").map(([field, type, meaning]) => {
    const cells = [`\`${field.replace(/^\[\]\.?/, "")}\``, type, meaning];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return [`### \`larder ${verb}\``, "", what, "", ...header, ...rows].join("\n");
}

test("the guide tells the results as they are", async () => {
  const groups = new Map<v.GenericSchema, string[]>();
  for (const [verb, schema] of Object.entries(RESULTS)) groups.set(schema, [...(groups.get(schema) ?? []), verb]);
  const parts = [...groups].map(([schema, verbs]) => describe(verbs.join("`, `larder "), schema));
  const told = `${parts.join("\n\n")}\n`;
  const text = await Bun.file(GUIDE).text();
  const begin = text.indexOf(BEGIN) + BEGIN.length;
  const end = text.indexOf(END);
  expect(begin).toBeGreaterThan(BEGIN.length);
  if (process.env["LARDER_UPDATE_GOLDEN"] === "1") {
    await Bun.write(GUIDE, `${text.slice(0, begin)}${told}${text.slice(end)}`);
  } else expect(text.slice(begin, end)).toBe(told);
});

function wordOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
