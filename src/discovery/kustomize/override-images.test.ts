import { expect, test } from "bun:test";
import fc from "fast-check";
import { overrideImage } from "./override-images.ts";

const NOTHING = { newName: null, newTag: null, tagSuffix: null, digest: null };
const DIGEST = `sha256:${"c".repeat(64)}`;

test.each([
  ["nginx", { name: "nginx", newTag: "2" }, "nginx:2"],
  ["nginx:1", { name: "nginx", newName: "r.example:5000/n" }, "r.example:5000/n:1"],
  ["r.example:5000/n", { name: "r.example:5000/n", newTag: "2" }, "r.example:5000/n:2"],
  [`nginx@${DIGEST}`, { name: "nginx", newTag: "2" }, "nginx:2"],
  ["nginx:1", { name: "nginx", digest: DIGEST }, `nginx@${DIGEST}`],
  ["nginx:1", { name: "nginx", newTag: "2", digest: DIGEST }, `nginx:2@${DIGEST}`],
  ["nginx:1", { name: "nginx", tagSuffix: "-alpine" }, "nginx:1-alpine"],
  ["docker.io/library/nginx:1", { name: "nginx", newTag: "2" }, null],
  ["nginx-extra", { name: "nginx", newTag: "2" }, null],
] as const)("%s with %p becomes %p", (image, override, expected) => {
  expect(overrideImage(image, { ...NOTHING, ...override })).toBe(expected);
});

test("an override that says nothing new changes nothing", () => {
  const image = fc.stringMatching(
    /^[a-z]{1,6}(\.[a-z]{2,4}(:5000)?\/[a-z]{1,6})?(:[a-z0-9]{1,6})?(@sha256:[0-9a-f]{64})?$/,
  );
  fc.assert(
    fc.property(image, (text) => {
      const name = text.replace(/@.*/, "").replace(/:[^:/]*$/, (tag) => (tag.includes("/") ? tag : ""));
      expect(overrideImage(text, { ...NOTHING, name })).toBe(text);
    }),
  );
});
