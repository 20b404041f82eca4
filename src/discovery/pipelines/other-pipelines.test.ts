import { expect, test } from "bun:test";
import { scanDocuments } from "../files/scan-documents.fixture.ts";
import { azurePipeline } from "./azure-pipeline.ts";
import { bitbucketPipeline } from "./bitbucket-pipeline.ts";
import { circleciPipeline } from "./circleci-pipeline.ts";
import { tekton } from "./tekton.ts";
import { woodpeckerPipeline } from "./woodpecker-pipeline.ts";

test("Drone's and Woodpecker's steps, services and matrix", async () => {
  const drone = `kind: pipeline
type: docker
steps:
  - {name: a, image: "golang:1.23", commands: [x]}
  - {name: b, image: plugins/docker}
services: [{name: db, image: "redis:7"}]
---
kind: secret
name: x
`;
  expect((await scanDocuments(woodpeckerPipeline, drone)).images).toEqual([
    "golang:1.23 4",
    "plugins/docker 5",
    "redis:7 6",
  ]);
  const woodpecker = `matrix: {GO: ["1.22", "1.23"]}
steps:
  a: {image: "golang:\${GO}", commands: [x]}
  b: {image: "q.io/x:\${CI_COMMIT}", settings: {}}
`;
  const { images, problems } = await scanDocuments(woodpeckerPipeline, woodpecker);
  expect(images).toEqual(["golang:1.22 3", "golang:1.23 3"]);
  expect(problems[0]).toContain("depends on CI_COMMIT, which only a run can tell");
  const included =
    "matrix: {include: [{I: q.io/a, T: 1}, {I: q.io/b, T: 2}]}\nsteps: [{image: '$I:$T', commands: [x]}]\n";
  expect((await scanDocuments(woodpeckerPipeline, included)).images).toEqual(["q.io/a:1 2", "q.io/b:2 2"]);
  expect((await scanDocuments(woodpeckerPipeline, "steps: [{image: a}]\n")).recognized).toBe(0);
});

test("CircleCI's jobs and executors, with the values that their parameters take", async () => {
  const text = `version: 2.1
parameters: {reg: {type: string, default: q.io}}
orbs:
  node: circleci/node@5
  own: {executors: {e: {docker: [{image: "q.io/orb:1"}]}}}
executors:
  go: {parameters: {tag: {default: "1.22"}}, docker: [{image: "cimg/go:<< parameters.tag >>"}]}
jobs:
  a: {docker: [{image: "<<pipeline.parameters.reg>>/a:1"}, {image: "postgres:16"}]}
  b: {executor: {name: go, tag: "1.23"}}
  c: {parameters: {v: {type: string}}, docker: [{image: "q.io/c:<< parameters.v >>"}]}
workflows:
  w: {jobs: [a, c: {matrix: {parameters: {v: ["1", "2"]}}}]}
`;
  const { images, elsewhere, problems } = await scanDocuments(circleciPipeline, text);
  expect(images).toEqual([
    "q.io/a:1 9",
    "postgres:16 9",
    "q.io/c:1 11",
    "q.io/c:2 11",
    "cimg/go:1.22 7",
    "cimg/go:1.23 7",
    "q.io/orb:1 5",
  ]);
  expect(elsewhere).toEqual(["4 the orb node (circleci/node@5)"]);
  expect(problems).toEqual([]);
});

test("Bitbucket's images, services and pipes", async () => {
  const text = `image: {name: "node:22"}
definitions: {services: {db: {image: "mysql:8"}}}
pipelines:
  default:
    - step: {image: "python:3.13", script: [{pipe: "docker://q.io/pipe:1"}, {pipe: "atlassian/ftp:1"}]}
`;
  expect((await scanDocuments(bitbucketPipeline, text)).images).toEqual([
    "node:22 1",
    "mysql:8 2",
    "python:3.13 5",
    "docker://q.io/pipe:1 5",
  ]);
});

test("Azure's containers, by their names and without", async () => {
  const text = `variables: {tag: "24.04"}
resources:
  containers: [{container: u, image: "ubuntu:$(tag)"}, {container: pg, image: "postgres:16"}]
jobs:
  - {job: a, container: u, services: {db: pg, cache: "redis:7"}}
  - {job: b, container: {image: "q.io/b:1"}}
`;
  expect((await scanDocuments(azurePipeline, text)).images).toEqual([
    "ubuntu:24.04 3",
    "postgres:16 3",
    "redis:7 5",
    "q.io/b:1 6",
  ]);
});

test("Tekton's steps with their parameters, and bundles", async () => {
  const text = `apiVersion: tekton.dev/v1
kind: Task
metadata: {name: t}
spec:
  params: [{name: img, default: "q.io/a:1"}, {name: open}]
  steps: [{image: $(params.img)}, {image: '$(params["img"])-x'}]
---
apiVersion: tekton.dev/v1
kind: PipelineRun
spec:
  pipelineRef: {resolver: bundles, params: [{name: bundle, value: "q.io/bundle:1"}, {name: name, value: x}]}
`;
  expect((await scanDocuments(tekton, text)).images.filter((image) => !image.endsWith("guess"))).toEqual([
    "q.io/a:1 6",
    "q.io/a:1-x 6",
    "q.io/bundle:1 11",
  ]);
});

test("Tekton's documents whose aliases repeat each other are read once", async () => {
  const levels = Array.from(
    { length: 14 },
    (_, at) => `  l${at + 1}: &l${at + 1} {a: *l${at}, b: *l${at}, params: []}`,
  );
  const text = `apiVersion: tekton.dev/v1
kind: Task
spec:
  params: [{name: img, default: "q.io/a:1"}]
  l0: &l0 {steps: [{image: $(params.img)}], pipelineRef: {bundle: "q.io/bundle:1"}}
${levels.join("\n")}
`;
  const { images } = await scanDocuments(tekton, text);
  expect(images.filter((image) => !image.endsWith("guess"))).toEqual(["q.io/a:1 5", "q.io/bundle:1 5"]);
});
