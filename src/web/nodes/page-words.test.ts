import { expect, test } from "bun:test";
import { pageWords } from "./page-words.ts";

test("flags of the command line are told as what the page has", () => {
  expect(
    pageWords("http://127.0.0.1:5000 is each machine itself: give --registry an address that the nodes can reach"),
  ).toBe("http://127.0.0.1:5000 is each machine itself: open this page by an address that the nodes can reach");
  expect(
    pageWords(
      "mode https needs an https address, and none is known for http://larder.example: give --registry https://HOST:PORT, or use another --mode",
    ),
  ).toBe(
    "the way https needs an https address, and none is known for http://larder.example: open this page by an https address, or choose another way",
  );
});

test("flags of other programs stay", () => {
  const words = "ctr reads the files only with --hosts-dir /etc/containerd/certs.d.";
  expect(pageWords(words)).toBe(words);
});
