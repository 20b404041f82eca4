import { expect, test } from "bun:test";
import { isSameImage, tagOf } from "./image-name.ts";

test("names are the same however much of them is written out", () => {
  expect(isSameImage("nginx:1", "docker.io/library/nginx:1")).toBe(true);
  expect(isSameImage("docker.io/library/nginx:latest", "nginx")).toBe(true);
  expect(isSameImage("quay.io/nginx:1", "nginx:1")).toBe(false);
  expect(isSameImage("nginx:1", "nginx:2")).toBe(false);
});

test("a tag alone is no image's name", () => {
  expect(isSameImage("latest", "docker.io/library/latest:latest")).toBe(false);
  expect(isSameImage("v1", "v1")).toBe(true);
});

test("the tag of a name is what stands behind its colon, or the tag that it is", () => {
  expect(tagOf("quay.io/coreos/etcd:v3")).toBe("v3");
  expect(tagOf("localhost:5000/app")).toBe("latest");
  expect(tagOf("v3")).toBe("v3");
  expect(tagOf("Not/A Name")).toBeNull();
});
