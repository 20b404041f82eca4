import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { BuildOptions } from "./build-scope.ts";
import { scanDockerfile } from "./scan-dockerfile.ts";
import { Findings } from "../found/found-image.ts";
import { linesOf } from "../files/yaml-documents.ts";

const AMD64 = { os: "linux", architecture: "amd64" };

function scan(text: string, options: Partial<BuildOptions> = {}): { images: string[]; problems: string[] } {
  const findings = new Findings();
  const build = { platform: { os: "linux", architecture: "arm64" }, buildPlatform: AMD64, ...options };
  scanDockerfile(text, linesOf("Dockerfile"), build, findings);
  return {
    images: findings.images.map(({ written, line, kind }) => `${written} ${kind} ${line}`),
    problems: findings.problems.map(({ severity, message, line }) => `${severity} ${line} ${message}`),
  };
}

describe("a Dockerfile", () => {
  test("names its bases and what it copies from, not its own stages", () => {
    const text = `# syntax=docker/dockerfile:1
ARG VERSION=1.22
ARG BASE=golang:\${VERSION}
FROM --platform=$BUILDPLATFORM \${BASE} AS build
COPY --from=docker.io/tonistiigi/xx:1.6 / /
RUN --mount=type=bind,from=alpine:3.20,target=/x true
FROM scratch
COPY --from=build /a /a
COPY --from=0 /b /b
FROM Build
`;
    expect(scan(text)).toEqual({
      images: [
        "docker/dockerfile:1 guess 1",
        "golang:1.22 field 4",
        "docker.io/tonistiigi/xx:1.6 field 5",
        "alpine:3.20 field 6",
      ],
      problems: [],
    });
  });

  test("may continue lines, escape otherwise, and hold other files in here-documents", () => {
    const text = "# escape=`\nFROM `\n  # why\n  nginx\nRUN <<EOF\nFROM inside:1\nEOF\nFROM redis\n";
    expect(scan(text).images).toEqual(["nginx field 2", "redis field 8"]);
  });

  test("that needs an argument without default says so once for each argument", () => {
    const { images, problems } = scan(
      "ARG BASE\nARG FULL=${BASE}/x:1\nFROM ${BASE}\nFROM ${FULL}\nFROM $BASE/y:2\nFROM ${OTHER:-busybox}\n",
    );
    expect(images).toEqual(["busybox field 6"]);
    expect(problems).toEqual([
      'error 3 the image "${BASE}" (and 2 more in this file) depends on the build argument BASE, which has no default',
    ]);
  });

  test("whose argument may be left out names what a build without it takes, as a guess", () => {
    const { images, problems } = scan("ARG REGISTRY\nARG V\nFROM ${REGISTRY}nginx:1.27\nFROM golang:1.${V}\n");
    expect(images).toEqual(["nginx:1.27 guess 3"]);
    expect(problems).toEqual([
      'note 3 the image "${REGISTRY}nginx:1.27" depends on the build argument REGISTRY, which has no default',
      'error 4 the image "golang:1.${V}" depends on the build argument V, which has no default',
    ]);
  });

  test("knows the platform that it is built for, and the one that builds", () => {
    const text = `FROM scratch AS bin-linux
FROM --platform=$BUILDPLATFORM q.io/build:\${BUILDARCH} AS build
ARG TARGETARCH
COPY --from=q.io/tools:\${TARGETARCH} / /
FROM bin-\${TARGETOS}
FROM q.io/base:\${TARGETARCH}\${TARGETVARIANT:+-}\${TARGETVARIANT}
FROM --platform=windows/amd64 q.io/win:1
COPY --from=q.io/wintools:1 / /
`;
    const findings = new Findings();
    const arm = { os: "linux", architecture: "arm", variant: "v7" };
    scanDockerfile(text, linesOf("Dockerfile"), { platform: arm, buildPlatform: AMD64 }, findings);
    expect(findings.images.map(({ written, platform }) => `${written} ${platform}`)).toEqual([
      "q.io/build:amd64 linux/amd64",
      "q.io/tools:arm linux/amd64",
      "q.io/base:arm-v7 null",
      "q.io/win:1 windows/amd64",
      "q.io/wintools:1 windows/amd64",
    ]);
    expect(findings.problems).toEqual([]);
  });

  test("has scopes: arguments before the first FROM, of a stage, of the stages that build upon it, environment", () => {
    const text = `ARG V=1
FROM q.io/a:$V AS one
ARG V
ARG W=2
ENV X=$V-$W Y="a b"
ENV Z three
COPY --from=q.io/x:\${X} / /
FROM one AS two
COPY --from=q.io/y:$W-$Z / /
FROM q.io/b:$V
COPY --from=LATER / /
COPY --from=q.io/c:\${W:-none} / /
FROM q.io/d:1 AS later
`;
    expect(scan(text).images).toEqual([
      "q.io/a:1 field 2",
      "q.io/x:1-2 field 7",
      "q.io/y:2-three field 9",
      "q.io/b:1 field 10",
      "q.io/c:none field 12",
      "q.io/d:1 field 13",
    ]);
    const args = new Map([["V", "9"]]);
    expect(scan(text, { args }).images[0]).toBe("q.io/a:9 field 2");
  });

  test("leaves what ONBUILD pulls to the builds that come, and flags to their commands", () => {
    const text =
      "FROM q.io/a:1\nONBUILD COPY --from=q.io/later:1 / /\nRUN tool --mount=type=bind,from=q.io/no:1\nRUN --mount=from=q.io/yes:1,target=/x true\n";
    expect(scan(text).images).toEqual(["q.io/a:1 field 1", "q.io/later:1 guess 2", "q.io/yes:1 field 4"]);
  });

  test("may have its contexts replaced", () => {
    const contexts = new Map([
      ["alpine:latest", "q.io/mirror/alpine:3"],
      ["src", null],
    ]);
    const text = "FROM alpine\nCOPY --from=src / /\nFROM docker.io/library/alpine:3.20\n";
    expect(scan(text, { contexts }).images).toEqual([
      "q.io/mirror/alpine:3 field 1",
      "docker.io/library/alpine:3.20 field 3",
    ]);
  });

  test("that is a template, or no Dockerfile, invents nothing", () => {
    expect(scan("FROM {{ env.base }}\nFROM %%BASE%%\n").images).toEqual([]);
    expect(scan("hello\nCOPY --from=q.io/x:1 / /\n")).toEqual({ images: [], problems: [] });
    expect(scan("# a comment\n# syntax=q.io/no:1\nFROM a\n").images).toEqual(["a field 3"]);
    expect(scan("#!/usr/bin/env docker\n# check=skip=all\n# syntax = q.io/yes:1\nFROM a\n").images).toHaveLength(2);
  });

  test("of any text comes to an end", () => {
    const piece = fc.constantFrom(
      "FROM ",
      "ARG A=",
      "${A",
      ":-",
      "}",
      "#*",
      "'",
      '"',
      "\\",
      "\n",
      "<<EOF",
      " --from=",
      "x",
    );
    fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (parts) => Array.isArray(scan(parts.join("")).images)));
    const long = `ARG A=${"a".repeat(100_000)}\nFROM \${A//*a*a*a*b/}\n${"FROM ${A:-".repeat(5_000)}`;
    expect(scan(long).images).toEqual([]);
  });
});
