import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseAciRequest } from "./aci-request.ts";

test("a path is an ACI, its signature, or another file", () => {
  expect(parseAciRequest("quay.io/coreos/flannel:v0.5.5.aci", "")).toMatchObject({
    kind: "aci",
    stem: "quay.io/coreos/flannel:v0.5.5",
    platform: null,
  });
  expect(parseAciRequest("flannel%3Av1.aci.asc", "os=linux&arch=aarch64")).toMatchObject({
    kind: "signature",
    stem: "flannel:v1",
    platform: { os: "linux", architecture: "arm64" },
  });
  expect(parseAciRequest("sub/read%20me.txt", "")).toMatchObject({
    kind: "other",
    segments: ["sub", "read me.txt"],
  });
});

test("a platform is spelled as ACIs or as Go spell it; one without a system is of linux", () => {
  const platformOf = (search: string) => parseAciRequest("a.aci", search)?.platform;
  expect(platformOf("arch=armv7l")).toEqual({ os: "linux", architecture: "arm", variant: "v7" });
  expect(platformOf("arch=arm%2Fv6")).toEqual({ os: "linux", architecture: "arm", variant: "v6" });
  expect(platformOf("arch=i386")).toEqual({ os: "linux", architecture: "386" });
  expect(platformOf("os=linux")).toEqual({ os: "linux", architecture: "amd64" });
  for (const search of ["arch=", "os=a%20b", "arch=a/b/c/d"]) expect(() => platformOf(search)).toThrow("platform");
});

test("whatever is asked for, no component leaves its folder", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webPath(), fc.constantFrom("a%2f..%2fb", "..", "a//b", ".a")), (path) => {
      for (const segment of parseAciRequest(path, "")?.segments ?? []) {
        expect(segment).not.toMatch(/[/\0]/);
        expect(segment).not.toStartWith(".");
        expect(segment).not.toBe("");
      }
    }),
  );
});
