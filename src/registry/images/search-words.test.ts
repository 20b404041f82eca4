import { expect, test } from "bun:test";
import { searchWords } from "./search-words.ts";

test.each([
  ["nginx 1.27", ["nginx", "1.27"]],
  ["  nginx\t\n1.27 ", ["nginx", "1.27"]],
  ["", []],
  ["docker.io/nginx:1.27", ["docker.io/", "nginx:1.27"]],
  ["index.docker.io/nginx", ["docker.io/", "nginx"]],
  ["docker.io/library/nginx", ["docker.io/library/nginx"]],
  ["docker.io/", ["docker.io/"]],
  ["quay.io/coreos/etcd@sha256:abcd", ["quay.io/coreos/etcd", "sha256:abcd"]],
  ["docker://quay.io/x", ["quay.io/x"]],
  ["a\u0000b\ud800c", ["a", "b", "c"]],
  ["a ".repeat(50), Array.from({ length: 10 }, () => "a")],
  ["a".repeat(1000), ["a".repeat(256)]],
])("%p is looked for as %p", (text, words) => {
  expect(searchWords(text)).toEqual(words);
});
