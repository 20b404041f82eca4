import { expect, test } from "bun:test";
import fc from "fast-check";
import { AdminClient } from "./admin-client.ts";
import { ADMIN_PATH } from "./contract.ts";
import { findOperation } from "./find-operation.ts";

const NEVER = new AbortController().signal;

/** A client whose requests are answered by these, and what it asked for. */
function lab(...answers: readonly Response[]) {
  const asked: { url: URL; init: RequestInit }[] = [];
  const left = [...answers];
  const client = new AdminClient(
    "http://larder.test",
    async (url, init) => {
      asked.push({ url: new URL(url), init });
      return left.shift() ?? Response.json({});
    },
    NEVER,
  );
  return { client, asked };
}

test("what a client asks for is what the server finds, whatever the image is called", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 1 }), async (image) => {
      // The URL's own grammar folds these, and no image is called so.
      fc.pre(image.split(/[/\\]/).every((part) => !/^(?:\.|%2e){1,2}$/i.test(part)) && !/[\t\n\r]/.test(image));
      const { client, asked } = lab();
      await client.call("removeImage", { image });
      const path = asked[0]?.url.pathname.slice(ADMIN_PATH.length) ?? "";
      expect(asked[0]?.init).toMatchObject({ method: "DELETE" });
      expect(findOperation("DELETE", path)).toEqual({ kind: "operation", id: "removeImage", parameters: { image } });
    }),
  );
});

test("what is asked goes where the operation has it, and what is not said is left out", async () => {
  const { client, asked } = lab();
  await client.call("listImages", { search: "a b&c", after: undefined, limit: 5 });
  await client.call("checkImages", { images: [{ image: "a", platforms: "all" }] });
  await client.call("getImage", { image: "quay.io/a/b:1" });
  expect(asked.map(({ url, init }) => [init.method, url.pathname + url.search, init.body ?? null])).toEqual([
    ["GET", "/api/v1/images?search=a+b%26c&limit=5", null],
    ["POST", "/api/v1/checks", '{"images":[{"image":"a","platforms":"all"}]}'],
    ["GET", "/api/v1/images/quay.io/a/b:1", null],
  ]);
});

test.each([
  [{ code: "MANIFEST_UNKNOWN", detail: "it is not here", status: 404 }, "MANIFEST_UNKNOWN", "it is not here"],
  [{ code: "OF_TOMORROW", detail: "for a new reason" }, "UNKNOWN", "for a new reason"],
  [{ errors: [{ code: "DENIED", message: "not you" }] }, "DENIED", "not you"],
  [{ errors: [{ code: "UNSUPPORTED", message: "what?" }] }, "UNSUPPORTED", "is an older larder than this command"],
  [{ errors: [] }, "UNKNOWN", "http://larder.test answered 400"],
  [null, "UNKNOWN", "http://larder.test answered 400"],
  ["<html>", "UNKNOWN", "http://larder.test answered 400"],
])("a failure with the body %p is told as it is meant", async (body, code, message) => {
  const { client } = lab(new Response(JSON.stringify(body), { status: 400 }));
  const failure = client.call("getStats", {});
  await expect(failure).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
});

test("lines are told one by one, however they come", async () => {
  const lines = '{"kind":"damaged","digest":"ä"}\n{"kind":"done","files":1,"bytes":2}\n';
  for (const size of [1, 7, 1000]) {
    const bytes = new TextEncoder().encode(lines);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.subarray(at, at + size));
        controller.close();
      },
    });
    const { client } = lab(new Response(body));
    const seen: unknown[] = [];
    for await (const event of client.lines("verify", {})) seen.push(event);
    expect(seen).toEqual([
      { kind: "damaged", digest: "ä" },
      { kind: "done", files: 1, bytes: 2 },
    ]);
  }
});
