import { expect, test } from "bun:test";
import fc from "fast-check";
import { keyWords, namesImage, speaksOfImage } from "./key-words.ts";

test.each([
  ["sidecarImageTag", "sidecar image tag"],
  ["SIDECAR_IMAGE_TAG", "sidecar image tag"],
  ["sidecar.image-tag", "sidecar image tag"],
  ["imagerepository", "image repository"],
  ["baseImage", "base image"],
  ["imageURL", "image url"],
  ["x".repeat(300), ""],
])("%s is the words %s", (key, words) => expect(keyWords(key).join(" ")).toBe(words));

test("a name is the same words in every spelling", () => {
  const word = fc.stringMatching(/^[a-z]{2,8}$/).filter((text) => !text.includes("image"));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const camel = words
        .map((text, at) => (at === 0 ? text : text.slice(0, 1).toUpperCase() + text.slice(1)))
        .join("");
      for (const spelled of [camel, words.join("_").toUpperCase(), words.join("-"), words.join(".")])
        expect(keyWords(spelled)).toEqual(words);
    }),
  );
});

test("a name may name an image, speak of one, or of what belongs to one", () => {
  const all = (keys: string[], ask: (words: string[]) => boolean) => keys.map((key) => ask(keyWords(key)));
  const naming = ["image", "initImage", "IMAGE_NAME", "imageRef", "img", "sidecar.image"];
  expect(all(naming, namesImage)).not.toContain(false);
  expect(all(["imagePullPolicy", "name", "RELATED_IMAGE_X", "imageTag", "imagine"], namesImage)).not.toContain(true);
  expect(all(["RELATED_IMAGE_X", "imageController"], speaksOfImage)).not.toContain(false);
  expect(all(["imagePullPolicy", "IMAGE_DIR", "imageSize", "imagine"], speaksOfImage)).not.toContain(true);
});
