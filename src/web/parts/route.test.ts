import { expect, test } from "bun:test";
import fc from "fast-check";
import { hrefOf, parseRoute } from "./route.ts";

test("what an address was made of comes out of it again", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 40 });
  fc.assert(
    fc.property(text, fc.string({ minLength: 1, maxLength: 20 }), (rest, search) => {
      const route = parseRoute(hrefOf("image", rest, { search }));
      expect({ ...route, query: route.query.get("search") }).toEqual({ view: "image", rest, query: search });
    }),
  );
});

test("names stay readable in an address", () => {
  expect(hrefOf("image", "docker.io/library/nginx:1.27")).toBe("#/image/docker.io/library/nginx:1.27");
  expect(hrefOf("images", "", { search: "", kind: undefined })).toBe("#/images");
});

test("an address that nobody made is read all the same", () => {
  expect(parseRoute("").view).toBe("");
  expect(parseRoute("#images").view).toBe("images");
  expect(parseRoute("#/image/100%").rest).toBe("100%");
});
