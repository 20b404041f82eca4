import { describe, expect, test } from "bun:test";
import { scanDocuments } from "../files/scan-documents.fixture.ts";
import { githubWorkflow } from "./github-workflow.ts";

describe("a workflow of GitHub's", () => {
  test("runs containers, services and docker:// steps", async () => {
    const text = `on: push
jobs:
  t:
    runs-on: ubuntu-latest
    container: node:22
    services:
      db: {image: "postgres:17"}
    steps:
      - uses: actions/checkout@v4
      - uses: docker://alpine:3.20
      - run: docker run q.io/not:1
  u:
    runs-on: ubuntu-latest
    container: {image: ghcr.io/g/x:1, credentials: {username: x}}
  v:
    uses: org/repo/.github/workflows/x.yml@v1
  w:
    uses: ./.github/workflows/y.yml
`;
    const { images, problems, elsewhere } = await scanDocuments(githubWorkflow, text);
    expect(images).toEqual(["node:22 5", "postgres:17 7", "docker://alpine:3.20 10", "ghcr.io/g/x:1 14"]);
    expect(problems).toEqual([]);
    expect(elsewhere).toEqual(["16 the workflow org/repo/.github/workflows/x.yml@v1"]);
  });

  test("runs each image of its matrix", async () => {
    const text = `on: {workflow_call: {inputs: {tag: {default: "9"}}}}
jobs:
  t:
    runs-on: \${{ matrix.os }}
    strategy:
      matrix:
        os: [a, b]
        pg: [16, 17]
        exclude: [{os: a, pg: 17}, {os: b, pg: 17}]
        include: [{os: c, cfg: {image: "q.io/c"}, pg: 18}]
    container: q.io/x:\${{ matrix.pg }}
    services:
      one: {image: "\${{ matrix.cfg.image }}"}
      two: {image: "q.io/y:\${{ inputs.tag }}"}
      three: {image: "\${{ inputs.none || 'q.io/z:1' }}"}
      four: {image: "q.io/w:\${{ vars.TAG }}"}
      five: {image: "q.io/v:\${{ vars.TAG }}"}
`;
    const { images, problems } = await scanDocuments(githubWorkflow, text);
    expect(images).toEqual(["q.io/x:16 11", "q.io/x:18 11", "q.io/c 13", "q.io/y:9 14", "q.io/z:1 15"]);
    expect(problems).toEqual([
      'error 16 the image "q.io/w:${{ vars.TAG }}" (and 1 more in this file) depends on vars.TAG, which only a run can tell',
    ]);
  });

  test("is told from other files with jobs", async () => {
    for (const text of ["jobs: {a: {container: x}}\nuses: 1\n", "jobs: [a]\nruns-on: x\n", "runs-on: x\n"]) {
      expect((await scanDocuments(githubWorkflow, text)).recognized).toBe(0);
    }
  });
});

test("an action runs an image, a Dockerfile or steps", async () => {
  const image = "runs: {using: docker, image: 'docker://q.io/a:1'}\n";
  expect((await scanDocuments(githubWorkflow, image)).images).toEqual(["docker://q.io/a:1 1"]);
  const built = await scanDocuments(githubWorkflow, "runs: {using: docker, image: Dockerfile}\n", "a/action.yml");
  expect(built.findings.builds).toMatchObject([{ dockerfile: { path: "a/Dockerfile" } }]);
  const steps = "runs:\n  using: composite\n  steps:\n    - uses: docker://q.io/b:1\n    - run: x\n";
  expect((await scanDocuments(githubWorkflow, steps)).images).toEqual(["docker://q.io/b:1 4"]);
});
