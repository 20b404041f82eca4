import { describe, expect, test } from "bun:test";
import { scanDockerfile } from "./dockerfile.ts";
import { Findings } from "../found/found-image.ts";
import { linesOf } from "./yaml-documents.ts";

function scan(text: string): { images: string[]; problems: string[] } {
  const findings = new Findings();
  scanDockerfile(text, linesOf("Dockerfile"), findings);
  return {
    images: findings.images.map(({ written, line, kind }) => `${written} ${kind} ${line}`),
    problems: findings.problems.map(({ message, line }) => `${line} ${message}`),
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

  test("that needs an argument without default is named", () => {
    const { images, problems } = scan("ARG BASE\nFROM ${BASE}\nFROM ${OTHER:-busybox}\n");
    expect(images).toEqual(["busybox field 3"]);
    expect(problems).toEqual(['2 the image "${BASE}" depends on the build argument BASE, which has no default']);
  });
});
