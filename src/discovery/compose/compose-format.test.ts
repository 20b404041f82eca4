import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { Findings } from "../found/found-image.ts";
import { linesOf, readDocuments } from "../files/yaml-documents.ts";
import { readEnvironmentFile } from "./compose-environment.ts";
import { compose } from "./compose-format.ts";

let root = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-compose-"));
});
afterAll(() => rm(root, { recursive: true }));

/** Reads `name` of these files. */
async function scan(files: Record<string, string>, name = "compose.yaml") {
  const folder = await mkdtemp(join(root, "case-"));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const findings = new Findings();
  const file = { path: join(folder, name), name: basename(name), askedFor: false };
  for (const document of readDocuments(files[name] ?? "", linesOf(file.path), findings)) {
    if (document.type !== "map" || !compose.recognizes(document, file)) continue;
    expect(files[name]).toMatch(compose.mark);
    await compose.read(document, file, findings, new AbortController().signal);
  }
  return {
    images: findings.images.map(({ written, kind, line }) => `${written} ${kind} ${line}`),
    problems: findings.problems.map(({ severity, line, message }) => `${severity} ${line} ${message}`),
    elsewhere: findings.elsewhere.map(({ line, what }) => `${line} ${what}`),
    builds: findings.builds.map(({ dockerfile, args, contexts }) => ({
      dockerfile: "path" in dockerfile ? relative(folder, dockerfile.path) : dockerfile.text.text,
      args: Object.fromEntries(args),
      contexts: Object.fromEntries(contexts),
    })),
  };
}

describe("a Compose file", () => {
  test("names the images of its services, variables filled in", async () => {
    const text = `services:
  web: {image: "nginx:\${TAG:-1.27}"}
  db: {image: "\${REGISTRY}/pg:\${V}"}
  built: {image: team/app, build: .}
  only: {build: .}
  data: {image: a, volumes: [{type: image, source: models/m:1, target: /m}]}
`;
    const { images } = await scan({ "compose.yaml": text, ".env": "REGISTRY=quay.io\nV=16\n" });
    expect(images).toEqual([
      "nginx:1.27 field 2",
      "quay.io/pg:16 field 3",
      "team/app guess 4",
      "a field 6",
      "models/m:1 field 6",
    ]);
  });

  test("that lacks a variable says so once for each variable", async () => {
    const text = "services:\n  a: {image: 'x/y:${TAG:?set it}'}\n  b: {image: 'x/z:$TAG'}\n  c: {image: '${R}app:1'}\n";
    const { images, problems } = await scan({ "compose.yaml": text });
    expect(images).toEqual(["app:1 guess 4"]);
    expect(problems).toEqual([
      'error 2 the image "x/y:${TAG:?set it}" (and 1 more in this file) needs the variable TAG: give it in the .env file beside the Compose file',
      'note 4 the image "${R}app:1" needs the variable R: give it in the .env file beside the Compose file',
    ]);
  });

  test("is told from other files with services", async () => {
    for (const text of ["services: [a]\n", "kind: Foo\nservices: {a: {image: b}}\n", "services: {a: {port: 1}}\n"]) {
      expect((await scan({ "compose.yaml": text })).images).toEqual([]);
    }
  });

  test("may include others, extend services, and be overridden by the file beside it", async () => {
    const files = {
      "compose.yaml": `include:
  - db/compose.yaml
  - {path: [more/a.yaml, more/b.yaml], env_file: more/my.env}
  - oci://docker.io/team/app:1
services:
  web: {extends: {file: common.yml, service: base}}
  api: {extends: web, image: q.io/api:1}
  x: {image: q.io/x:1}
`,
      "compose.override.yaml": "services: {x: {image: 'q.io/x:2'}, y: {image: 'q.io/y:1'}}\n",
      "common.yml": "services: {base: {build: {context: sub, args: [V=1]}, image: 'q.io/base:1'}}\n",
      "db/compose.yaml": "services: {db: {image: 'q.io/db:${DB:-1}'}}\n",
      "db/.env": "DB=2\n",
      "more/a.yaml": "services: {m: {image: 'q.io/m:1'}}\n",
      "more/b.yaml": "services: {m: {image: 'q.io/m:$M'}}\n",
      "more/my.env": "M=3\n",
    };
    const { images, elsewhere, builds, problems } = await scan(files);
    expect(images.map((image) => image.split(" ").slice(0, 2).join(" "))).toEqual([
      "q.io/base:1 guess",
      "q.io/api:1 guess",
      "q.io/x:2 field",
      "q.io/y:1 field",
      "q.io/db:2 field",
      "q.io/m:3 field",
    ]);
    expect(elsewhere).toEqual(["4 the Compose file oci://docker.io/team/app:1"]);
    expect(builds[0]).toMatchObject({ dockerfile: "sub/Dockerfile", args: { V: "1" } });
    expect(problems).toEqual([]);
    expect((await scan(files, "compose.override.yaml")).images).toEqual([]);
  });

  test("tells how images are built", async () => {
    const text = `services:
  a: {build: {context: a, dockerfile: d/x.Dockerfile, args: {V: "\${N}", W: 2, NONE: }, additional_contexts: ["base=docker-image://q.io/b:1", src=../s]}}
  b: {build: {dockerfile_inline: "FROM q.io/inline:1"}}
  c: {build: "https://git.example.com/x.git"}
  d: {build: "https://git.example.com/x.git"}
`;
    const { builds, elsewhere } = await scan({ "compose.yaml": text, ".env": "N=1" });
    expect(builds).toEqual([
      { dockerfile: "a/d/x.Dockerfile", args: { V: "1", W: "2" }, contexts: { base: "q.io/b:1", src: null } },
      { dockerfile: "FROM q.io/inline:1", args: {}, contexts: {} },
    ]);
    expect(elsewhere).toEqual(["4 the build context https://git.example.com/x.git"]);
  });

  test("that includes or extends itself comes to an end", async () => {
    const text = "include: [compose.yaml]\nservices:\n  a: {extends: b, image: 'q.io/a:1'}\n  b: {extends: a}\n";
    expect((await scan({ "compose.yaml": text })).images[0]).toBe("q.io/a:1 field 3");
  });
});

test("a .env file is read as Compose reads it", () => {
  const text = "# c\nA=1\nexport B='two $A # 2'\nC=\"3\" # c\nD=4 # d\nnonsense\nE=${A}x\n";
  const variables = readEnvironmentFile(text);
  expect(Object.fromEntries(variables)).toEqual({ A: "1", B: "two $A # 2", C: "3", D: "4", E: "1x" });
});
