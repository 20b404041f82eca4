import { describe, expect, test } from "bun:test";
import { isComposeDocument, readEnvironmentFile, scanCompose } from "./compose-file.ts";
import { Findings } from "../found/found-image.ts";
import { linesOf, readDocuments } from "./yaml-documents.ts";

function scan(text: string, variables: Record<string, string> = {}): Findings {
  const findings = new Findings();
  for (const document of readDocuments(text, linesOf("compose.yaml"), findings)) {
    if (isComposeDocument(document)) scanCompose(document, new Map(Object.entries(variables)), findings);
  }
  return findings;
}

describe("a Compose file", () => {
  test("names the images of its services, variables filled in", () => {
    const text = `services:
  web: {image: "nginx:\${TAG:-1.27}"}
  db: {image: "\${REGISTRY}/pg:\${V}"}
  built: {image: team/app, build: .}
  only: {build: .}
  data: {image: a, volumes: [{type: image, source: models/m:1, target: /m}]}
`;
    const found = scan(text, { REGISTRY: "quay.io", V: "16" }).images;
    expect(found.map(({ written, kind, line }) => `${written} ${kind} ${line}`)).toEqual([
      "nginx:1.27 field 2",
      "quay.io/pg:16 field 3",
      "team/app guess 4",
      "a field 6",
      "models/m:1 field 6",
    ]);
  });

  test("that lacks a variable says which", () => {
    const { images, problems } = scan("services:\n  a: {image: 'x/y:${TAG:?set it}'}\n");
    expect(images).toEqual([]);
    expect(problems[0]?.message).toContain("TAG");
  });

  test("is told from other files with services", () => {
    expect(scan("services: [a]\n").images).toEqual([]);
    expect(scan("kind: Foo\nservices: {a: {image: b}}\n").images).toEqual([]);
  });

  test("reads .env files as Compose does", () => {
    const text = "# c\nA=1\nexport B='two # 2'\nC=\"3\" # c\nD=4 # d\nnonsense\n";
    expect(Object.fromEntries(readEnvironmentFile(text))).toEqual({ A: "1", B: "two # 2", C: "3", D: "4" });
  });
});
