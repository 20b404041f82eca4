import { expect, test } from "bun:test";
import { listenerOf, pipelineOf } from "../exchange.fixture.ts";
import { type Check, HealthPages } from "./health-pages.ts";

const WELL: Check = { name: "database", problem: () => null };
const GONE: Check = { name: "store", problem: () => "/data is gone; put it back" };

async function ask(path: string, checks: readonly Check[], init: RequestInit = {}) {
  const pipeline = pipelineOf({ pages: [new HealthPages(checks)] });
  const answer = await pipeline.handle(new Request(`http://quay.io${path}`, init), listenerOf("10.0.0.9"));
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

test("a process that answers is healthy, whatever else is wrong, and looks at nothing to say so", async () => {
  let looks = 0;
  const check = { name: "store", problem: () => (looks++, "gone") };
  expect(await ask("/healthz", [check])).toMatchObject({ status: 200, text: "ok\n" });
  expect(looks).toBe(0);
});

test("it is ready when all is well, and else says what is not, and that it may change at any time", async () => {
  expect(await ask("/readyz", [WELL])).toMatchObject({ status: 200, text: "ok\n" });
  const { status, text, headers } = await ask("/readyz", [WELL, GONE]);
  expect([status, text]).toEqual([503, "store: /data is gone; put it back\n"]);
  expect(headers.get("cache-control")).toBe("no-store");
});

test.each([
  ["/readyz?verbose", {}],
  ["/readyz", { headers: { Accept: "application/json" } }],
])("%s %p gives each check", async (path, init) => {
  expect(JSON.parse((await ask(path, [WELL, GONE], init)).text)).toEqual({
    status: "unavailable",
    checks: [
      { name: "database", isWell: true, problem: null },
      { name: "store", isWell: false, problem: "/data is gone; put it back" },
    ],
  });
});

test("a check that fails, or that never ends, is a reason, and no answer waits for it for long", async () => {
  const failing = { name: "database", problem: () => Promise.reject(new Error("it is locked")) };
  const hanging = { name: "disk", problem: () => new Promise<null>(() => {}) };
  const { status, text } = await ask("/readyz", [failing, hanging]);
  expect([status, text]).toEqual([503, "database: it is locked\ndisk: no answer within 2 seconds\n"]);
});

test("HEAD is answered as GET, and other methods are refused", async () => {
  expect(await ask("/readyz", [GONE], { method: "HEAD" })).toMatchObject({ status: 503 });
  expect((await ask("/healthz", [], { method: "POST" })).status).toBe(405);
});
