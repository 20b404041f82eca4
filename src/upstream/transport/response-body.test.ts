import { expect, test } from "bun:test";
import { Deadline } from "./deadline.ts";
import { watchBody } from "./response-body.ts";

test("a body whose connection has broken is cancelled in silence: what counts is why it was", async () => {
  const broken = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error(new TypeError("ECONNRESET")),
  });
  const deadline = new Deadline(undefined, () => {});
  const body = watchBody(broken, { what: "GET http://upstream.test/", deadline, idleTimeoutMs: 1000 });
  await expect(body.cancel("no room for it")).resolves.toBeUndefined();
});
