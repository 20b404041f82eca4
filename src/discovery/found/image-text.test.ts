import { expect, test } from "bun:test";
import fc from "fast-check";
import { imagesInText, isFullImage, isLikelyImage, isTemplated } from "./image-text.ts";

test("a full image is known by its host, path and tag or digest, in any text", () => {
  const part = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
  fc.assert(
    fc.property(part, part, part, (host, path, tag) => {
      const image = `${host}.example.com/${path}:v${tag}`;
      expect(isFullImage(image)).toBe(true);
      expect(imagesInText(`docker run --x="${image}" sh -c 'echo ${image};'`)).toEqual([image, image]);
    }),
  );
});

test.each([
  "node-role.kubernetes.io/master:NoSchedule",
  "https://example.com/a:b",
  "example.com:8080",
  "/etc/x.y/z:1",
  "10.0.0.0/16",
  "nginx:1.27",
  "example.com/logo.png",
])("%s is no full image", (text) => expect(isFullImage(text)).toBe(false));

test.each(["localhost:8080", "10.0.0.1:53", "a b", "logo/x.png", "nginx", "http://a/b:c"])(
  "%s is hardly an image",
  (text) => {
    expect(isLikelyImage(text)).toBe(false);
  },
);

test.each(["nginx:1.27", "a/b", "redis:7", "docker://quay.io/a/b", "x@sha256:".padEnd(73, "0")])(
  "%s may well be an image",
  (text) => {
    expect(isLikelyImage(text)).toBe(true);
  },
);

test("placeholders of common tools are seen", () => {
  for (const text of ["{{ .x }}", "a/${TAG}", "$(IMAGE)", "$IMAGE", "%IMAGE%", "@TAG@", "a:<version>"])
    expect(isTemplated(text)).toBe(true);
  expect(isTemplated("quay.io/a/b:v1")).toBe(false);
});
