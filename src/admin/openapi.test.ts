import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "bun:test";
import * as v from "valibot";
import { CONTRACT } from "./contract.ts";
import { findOperation } from "./find-operation.ts";
import { openApiDocument } from "./openapi.ts";

type Reference = { readonly $ref?: string };

test("the document is one of OpenAPI 3.1", async () => {
  const document = openApiDocument("1.2.3");
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document));
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  expect(validator.version).toBe("3.1");
  expect((await validator.validate({ ...structuredClone(document), paths: { x: 1 } })).valid).toBe(false);
});

test("every operation of the contract stands in it, and all that is referred to", () => {
  const document = openApiDocument("1.2.3");
  const text = JSON.stringify(document);
  const ids = [...text.matchAll(/"operationId":"(\w+)"/g)].map(([, id = ""]) => id);
  expect(ids.toSorted()).toEqual(Object.keys(CONTRACT).toSorted());
  const { schemas } = document["components"] as { schemas: Record<string, Reference> };
  const refs = new Set([...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name = ""]) => name));
  expect([...refs].toSorted()).toEqual(Object.keys(schemas).toSorted());
  // What has a name does not stand for itself, and nothing is defined in a corner.
  for (const schema of Object.values(schemas)) expect(schema.$ref).toBeUndefined();
  expect(text).not.toContain("$defs");
  const kind = { name: "kind", in: "query", schema: { $ref: "#/components/schemas/TagKind" } };
  expect(text).toContain(JSON.stringify(kind));
});

test("what is said in the path, the query and the body of an operation has names of its own", () => {
  for (const { parameters, query, body } of Object.values(CONTRACT)) {
    const inBody = body === null ? [] : Object.keys((body as v.StrictObjectSchema<v.ObjectEntries, undefined>).entries);
    const names = [...Object.keys(parameters), ...Object.keys(query), ...inBody];
    expect(new Set(names).size).toBe(names.length);
  }
});

test("every operation is found by its method and path, and by no other's", () => {
  for (const [id, { method, path, parameters }] of Object.entries(CONTRACT)) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(inPath).toEqual(Object.keys(parameters));
    const found = findOperation(method, path.replace(/\{(?:image|pin|file)\}$/, "a/b").replace(/\{\w+\}/g, "a"));
    expect(found).toMatchObject({ kind: "operation", id });
  }
});

test("what the contract takes is refused when it has more than it tells of", () => {
  for (const { body } of Object.values(CONTRACT)) {
    if (body !== null) expect(v.safeParse(body, { unheardOf: 1 }).success).toBe(false);
  }
});
