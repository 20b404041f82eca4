import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseDistributionPath, type Route } from "./route.ts";

const component = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const name = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));

function print(route: Route): string {
  switch (route.kind) {
    case "base":
      return "/v2/";
    case "catalog":
      return "/v2/_catalog";
    case "tags":
      return `/v2/${route.name}/tags/list`;
    case "manifest":
      return `/v2/${route.name}/manifests/${route.reference}`;
    case "blob":
      return `/v2/${route.name}/blobs/${route.digest}`;
    case "uploads":
      return `/v2/${route.name}/blobs/uploads/`;
    case "upload":
      return `/v2/${route.name}/blobs/uploads/${route.id}`;
    case "referrers":
      return `/v2/${route.name}/referrers/${route.digest}`;
    default:
      return route satisfies never;
  }
}

test("what is printed is parsed back, with and without a host before it", () => {
  const routes = fc.oneof(
    fc.constant<Route>({ kind: "base" }),
    fc.constant<Route>({ kind: "catalog" }),
    name.map((name): Route => ({ kind: "tags", name })),
    fc.tuple(name, component).map(([name, reference]): Route => ({ kind: "manifest", name, reference })),
    fc
      .tuple(
        name,
        component.filter((c) => c !== "uploads"),
      )
      .map(([name, digest]): Route => ({ kind: "blob", name, digest })),
    name.map((name): Route => ({ kind: "uploads", name })),
    fc.tuple(name, component).map(([name, id]): Route => ({ kind: "upload", name, id })),
    fc.tuple(name, component).map(([name, digest]): Route => ({ kind: "referrers", name, digest })),
  );
  fc.assert(
    fc.property(routes, (route) => {
      expect(parseDistributionPath(print(route))).toEqual({ prefix: null, route });
      expect(parseDistributionPath(`/quay.io${print(route)}`)).toEqual({ prefix: "quay.io", route });
    }),
  );
});

test.each([
  ["/v2", { kind: "base" }],
  ["/v2/manifests/manifests/manifests", { kind: "manifest", name: "manifests", reference: "manifests" }],
  ["/v2/blobs/uploads/blobs/uploads/x", { kind: "upload", name: "blobs/uploads", id: "x" }],
  ["/v2/a/blobs/sha256%3Aab", { kind: "blob", name: "a", digest: "sha256:ab" }],
  ["/v2/a%2fb/tags/list", { kind: "tags", name: "a%2fb" }],
  ["/v2/a/blobs/uploads", { kind: "uploads", name: "a" }],
] as const)("%s is %p", (path, route) => {
  expect(parseDistributionPath(path)?.route).toEqual(route);
});

test.each(["/", "/v1/", "/v2/x", "/v2/x/y", "/v2/a/tags", "/v2/%zz/tags/list", `/v2/${"a/".repeat(600)}tags/list`])(
  "%s is not of the API",
  (path) => expect(parseDistributionPath(path)).toBeNull(),
);

test("no path makes it throw", () => {
  fc.assert(
    fc.property(fc.string(), (path) => {
      parseDistributionPath(`/v2/${path}`);
      parseDistributionPath(path);
    }),
  );
});
