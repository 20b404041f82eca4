import { expect, test } from "bun:test";
import { formatReference } from "../../oci/reference.ts";
import { DOCKER_HUB, type Namespace } from "../../oci/repository-name.ts";
import { parseImageName, parseImageNames, parseUpstreamNames } from "./image-name.ts";

const cases: readonly [string, string, ...string[]][] = [
  ["app", "docker.io/library/app:latest", "local/app:latest"],
  ["team/app:1", "docker.io/team/app:1", "local/team/app:1"],
  ["library/app:1", "docker.io/library/app:1", "local/library/app:1"],
  ["docker.io/app:1", "docker.io/library/app:1"],
  ["registry.hub.docker.com/app:1", "docker.io/library/app:1"],
  ["local/app:1", "local/app:1"],
  ["quay.io/team/app:1", "quay.io/team/app:1"],
  ["localhost:5000/app:1", "localhost:5000/app:1"],
];

for (const [text, name, ...own] of cases) {
  test(`${text} is ${[...own, name].join(", or else ")}`, () => {
    expect(formatReference(parseImageName(text))).toBe(name);
    expect(parseImageNames(text, [DOCKER_HUB]).map(formatReference)).toEqual([...own, name]);
  });
}

test("an app:tag without a slash is no host with a port", () => {
  expect(parseImageNames("app:5000", [DOCKER_HUB]).map(formatReference)).toEqual([
    "local/app:5000",
    "docker.io/library/app:5000",
  ]);
});

test("a short name means one of the registries that larder looks for such names at, in their order", () => {
  const unqualified = ["quay.io" as Namespace, DOCKER_HUB];
  const names = ["quay.io/app:1", "docker.io/library/app:1"];
  expect(parseUpstreamNames("app:1", unqualified).map(formatReference)).toEqual(names);
  expect(parseImageNames("app:1", unqualified).map(formatReference)).toEqual(["local/app:1", ...names]);
  expect(parseUpstreamNames("docker.io/app:1", unqualified).map(formatReference)).toEqual(["docker.io/library/app:1"]);
  expect(parseUpstreamNames("app:1", []).map(formatReference)).toEqual(["local/app:1"]);
});
