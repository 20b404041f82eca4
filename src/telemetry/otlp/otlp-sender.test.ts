import { afterEach, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { systemClock } from "../../lib/async/clock.ts";
import { deliveryTransports } from "../../registry/notifications/delivery-transport.ts";
import { OtlpSender } from "./otlp-sender.ts";

const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function open(answer: (request: Request, body: Uint8Array) => Response | Promise<Response>, timeoutMs = 5000) {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => answer(request, await request.bytes()),
  });
  stops.push(() => server.stop(true));
  const url = `http://127.0.0.1:${server.port}/v1/traces`;
  const transport = deliveryTransports(() => null, systemClock)({ url, timeoutMs }, null);
  const target = {
    url,
    headers: { Authorization: "Bearer secret" },
    timeoutMs,
    isCompressed: true,
    userAgent: "larder/1",
  };
  const send = (isCompressed = true) =>
    new OtlpSender({ ...target, isCompressed }, transport).send('{"a":1}', new AbortController().signal);
  return { send };
}

test("it is JSON, compressed or not, with the headers that were given", async () => {
  const seen: [string | null, string | null, string | null, string][] = [];
  const { send } = open(({ headers }, body) => {
    const text = headers.get("content-encoding") === "gzip" ? gunzipSync(body) : body;
    const names = ["content-type", "content-encoding", "authorization"] as const;
    const [type = null, encoding = null, who = null] = names.map((name) => headers.get(name));
    seen.push([type, encoding, who, Buffer.from(text).toString()]);
    return Response.json({});
  });
  expect(await send()).toEqual({ kind: "taken", rejected: 0, why: "" });
  await send(false);
  expect(seen).toEqual([
    ["application/json", "gzip", "Bearer secret", '{"a":1}'],
    ["application/json", null, "Bearer secret", '{"a":1}'],
  ]);
});

test("what was rejected is told, whatever the number looks like", async () => {
  const partial = (rejectedSpans: unknown) =>
    open(() => Response.json({ partialSuccess: { rejectedSpans, errorMessage: "too old" } })).send();
  expect(await partial("5")).toEqual({ kind: "taken", rejected: 5, why: "too old" });
  expect(await partial(5)).toMatchObject({ rejected: 5 });
  expect(await partial("many")).toMatchObject({ rejected: 0 });
  expect(await open(() => new Response("OK")).send()).toMatchObject({ kind: "taken", rejected: 0 });
});

test("what may be repeated is what the specification says, after the time that is asked for", async () => {
  const answered = async (status: number, headers: Record<string, string> = {}) => {
    const sent = await open(() => new Response("no", { status, headers })).send();
    return sent.kind === "failed" ? [sent.mayRepeat, sent.retryAfterMs] : sent;
  };
  expect(await answered(503, { "Retry-After": "7" })).toEqual([true, 7000]);
  expect(await answered(429, { "Retry-After": "86400" })).toEqual([true, 60_000]);
  expect(await answered(502)).toEqual([true, null]);
  for (const status of [301, 400, 401, 404, 413, 500]) expect(await answered(status)).toEqual([false, null]);
});

test("an answer without an end is not waited for, nor one that does not come", async () => {
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
  expect(await open(() => new Response(endless)).send()).toMatchObject({ kind: "taken" });
  const late = await open(() => new Promise(() => {}), 100).send();
  expect(late).toMatchObject({ kind: "failed", mayRepeat: true, failure: "it did not answer within 100 ms" });
});
