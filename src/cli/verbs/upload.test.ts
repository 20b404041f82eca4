import { expect, test } from "bun:test";
import { parseExplicitName, uploadName } from "./upload.ts";

const cases: readonly [string, string, string][] = [
  ["app", "app:latest", "docker.io/library/app:latest"],
  ["team/app:1", "team/app:1", "docker.io/team/app:1"],
  ["localhost/app:1", "app:1", "localhost/app:1"],
  ["quay.io/coreos/etcd:v3", "coreos/etcd:v3", "quay.io/coreos/etcd:v3"],
  ["docker.io/library/nginx:1.27", "library/nginx:1.27", "docker.io/library/nginx:1.27"],
  [`quay.io/x@sha256:${"a".repeat(64)}`, "x:latest", "quay.io/x:latest"],
];

for (const [name, without, withHost] of cases) {
  test(`${name.slice(0, 30)} goes to ${without}, or with its host to ${withHost}`, () => {
    const format = ({ path, tag }: { path: string; tag: string }) => `${path}:${tag}`;
    expect(format(uploadName(name, false))).toBe(without);
    expect(format(uploadName(name, true))).toBe(withHost);
  });
}

test("a host with a port cannot be a part of a name", () => {
  expect(() => uploadName("localhost:5000/app:1", true)).toThrow(/localhost:5000\/app/);
});

test("--as names a place in full", () => {
  expect(parseExplicitName("docker.io/library/app:2")).toMatchObject({ path: "docker.io/library/app", tag: "2" });
  expect(parseExplicitName("app")).toMatchObject({ path: "app", tag: "latest" });
  expect(() => parseExplicitName("App:2")).toThrow(/not valid/);
  expect(() => parseExplicitName("app:-")).toThrow(/tag/);
});
