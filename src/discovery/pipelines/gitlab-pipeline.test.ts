import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scanDocuments } from "../files/scan-documents.fixture.ts";
import { gitlabPipeline } from "./gitlab-pipeline.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-gitlab-"));
  await mkdir(join(folder, "ci"));
  const build = "spec: {inputs: {img: {default: 'q.io/default:1'}, other: {default: 'q.io/other:1'}}}\n---\n";
  await writeFile(
    join(folder, "ci", "build.yml"),
    `${build}b: {image: "$[[ inputs.img ]]", script: [x]}\nc: {image: "$[[ inputs.other ]]", script: [x]}\n`,
  );
  await writeFile(join(folder, "ci", "base.yml"), ".base: {image: 'q.io/base:$V'}\nvariables: {V: '1'}\n");
});
afterAll(() => rm(folder, { recursive: true }));

const scan = (text: string) => scanDocuments(gitlabPipeline, text, join(folder, ".gitlab-ci.yml"));

describe("a pipeline of GitLab's", () => {
  test("runs the images and services of its jobs and its defaults", async () => {
    const text = `image: ruby:3.3
default:
  services: [redis:7]
variables: {REG: q.io, FULL: "$REG/full", V: {value: "2", description: x}}
build:
  image: {name: "gcr.io/kaniko-project/executor:v1", entrypoint: [""], docker: {platform: linux/arm64}}
  services:
    - postgres:16
    - {name: "docker:27-dind", alias: d}
  script: [make]
test:
  variables: {V: "3"}
  image: \${FULL}/x:$V
  script: [make]
  parallel: {matrix: [{V: ["4", "5"]}, {V: "6"}]}
own: {image: $CI_REGISTRY_IMAGE/x, script: [a]}
own2: {image: $CI_REGISTRY_IMAGE/y, script: [a]}
proxied: {image: "$CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX/alpine:3", script: [a]}
`;
    const { images, problems } = await scan(text);
    expect(images).toEqual([
      "ruby:3.3 1",
      "redis:7 3",
      "gcr.io/kaniko-project/executor:v1 6 linux/arm64",
      "postgres:16 8",
      "docker:27-dind 9",
      "q.io/full/x:4 13",
      "q.io/full/x:5 13",
      "q.io/full/x:6 13",
      "docker.io/alpine:3 18",
    ]);
    expect(problems).toEqual([
      'error 16 the image "$CI_REGISTRY_IMAGE/x" (and 1 more in this file) depends on CI_REGISTRY_IMAGE, which only a run can tell',
    ]);
  });

  test("has hidden jobs that run as parts of others", async () => {
    const text = `.a: {image: "q.io/a:$V", services: [q.io/s:1], variables: {V: "1"}}
.never: {image: q.io/never:1}
.replaced: {image: q.io/replaced:1}
x: {extends: .a, script: [x]}
y: {extends: [.a, .replaced], image: q.io/y:1, script: [y]}
z: {image: !reference [.a, image], services: [!reference [.a, services], q.io/z:1], variables: {V: "2"}, script: [z]}
`;
    const { images } = await scan(text);
    expect(images).toEqual([
      "q.io/never:1 2 guess",
      "q.io/a:1 1",
      "q.io/s:1 1",
      "q.io/y:1 5",
      "q.io/a:2 1",
      "q.io/z:1 6",
    ]);
  });

  test("includes files of its project, with inputs; others are named", async () => {
    const text = `include:
  - local: /ci/base.yml
  - {local: ci/buil*.yml, inputs: {img: "q.io/given:1"}}
  - local: ci/gone.yml
  - {project: g/p, file: x.yml, ref: main}
  - template: Jobs/Build.gitlab-ci.yml
  - https://example.com/x.yml
  - component: $CI_SERVER_FQDN/a/b@1
x: {extends: .base, script: [x], variables: {V: "2"}}
`;
    const { images, elsewhere, findings } = await scan(text);
    expect(images).toEqual(["q.io/given:1 3", "q.io/other:1 4", "q.io/base:2 1"]);
    expect(elsewhere.map((line) => line.replace(folder, ""))).toEqual([
      "4 the GitLab include /ci/gone.yml",
      "5 the GitLab include x.yml of the project g/p",
      "6 the GitLab include the template Jobs/Build.gitlab-ci.yml",
      "7 the GitLab include https://example.com/x.yml",
      "8 the GitLab include $CI_SERVER_FQDN/a/b@1",
    ]);
    expect([...findings.parts].sort()).toEqual([join(folder, "ci/base.yml"), join(folder, "ci/build.yml")]);
  });

  test("is known by its jobs where its name says nothing, and told from other files", async () => {
    const known = await scanDocuments(gitlabPipeline, "j: {stage: x, image: q.io/j:1, script: [a]}\n", "x.yml");
    expect(known.images).toEqual(["q.io/j:1 1"]);
    for (const text of ["a: {script: x}\n", "apiVersion: v1\na: {script: x, image: y}\n", "script: [a]\nstage: x\n"]) {
      expect((await scanDocuments(gitlabPipeline, text, "x.yml")).recognized).toBe(0);
    }
  });

  test("that extends or includes itself comes to an end", async () => {
    const text = "include: .gitlab-ci.yml\na: {extends: b, image: q.io/a:1, script: [x]}\nb: {extends: a}\n";
    expect((await scan(text)).images[0]).toBe("q.io/a:1 2");
  });
});
