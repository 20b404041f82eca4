import { expect, test } from "bun:test";
import { everyoneWrites } from "../../access/access-control.ts";
import { Gate } from "../../access/gate.ts";
import { LarderHosts } from "../../access/larder-hosts.ts";
import { Turns } from "../../lib/async/turns.ts";
import { listenerOf, pipelineOf } from "../exchange.fixture.ts";
import { AdminApi } from "./admin-api.ts";
import type { AdminActions } from "./admin-resources.ts";

/** An API whose look at images takes until it is told to end. */
function lab() {
  const ends: (() => void)[] = [];
  const faults: unknown[] = [];
  const look = (_: unknown, { signal }: { readonly signal: AbortSignal }) =>
    new Promise<Response>((resolve, reject) => {
      ends.push(() => resolve(new Response("seen")));
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  const actions = { "POST has": look, "GET images": look, "GET version": async () => new Response("1") };
  const hosts = new LarderHosts({
    names: [],
    standIns: [],
    isMachineName: () => false,
    isOwnAddress: () => true,
    ports: () => [],
  });
  const gate = new Gate({ control: everyoneWrites, hosts, trustedProxies: [] });
  const api = new AdminApi(actions as unknown as AdminActions, { gate, turns: new Turns() });
  const log = { write: (_: unknown, message: string) => void faults.push(message) };
  const pipeline = pipelineOf({ pages: [api], log });
  const ask = (method: string, resource: string, body: string | null = null, signal?: AbortSignal) => {
    const headers = { "Content-Type": "application/json" };
    const init = { method, headers, body, ...(signal === undefined ? {} : { signal }) };
    const request = new Request(`http://127.0.0.1/api/v1/${resource}`, init);
    return pipeline.handle(request, listenerOf("10.0.0.9"));
  };
  return { ask, ends, faults };
}

const HAS = JSON.stringify({ images: [] });

test("a few looks at images run at once, some wait, and more are told to come again", async () => {
  const { ask, ends } = lab();
  const answers = Array.from({ length: 80 }, () => ask("POST", "has", HAS));
  await Bun.sleep(0);
  const statuses: number[] = [];
  for (const answer of answers) void answer.then(({ status }) => statuses.push(status));
  for (let round = 0; ends.length < 4 && round < 1000; round++) await Bun.sleep(1);
  const refused = await Promise.any(answers);
  expect(refused.status).toBe(503);
  expect(refused.headers.get("Retry-After")).not.toBeNull();
  expect(ends).toHaveLength(4);
  // What is no work does not wait.
  expect((await ask("GET", "version")).status).toBe(200);
  for (let next = 0; next < 64; next++) {
    for (let round = 0; ends.length <= next && round < 1000; round++) await Bun.sleep(1);
    ends[next]?.();
  }
  await Promise.all(answers);
  expect(statuses.filter((status) => status === 200)).toHaveLength(64);
  expect(statuses.filter((status) => status === 503)).toHaveLength(16);
});

test("a client that leaves gives up its place, and is no fault of anybody's", async () => {
  const { ask, ends, faults } = lab();
  const clients = Array.from({ length: 10 }, () => new AbortController());
  const answers = clients.map(({ signal }) => ask("GET", "images", null, signal));
  for (let round = 0; ends.length < 4 && round < 1000; round++) await Bun.sleep(1);
  for (const client of clients) client.abort();
  await Promise.all(answers);
  expect(faults).toEqual([]);
  const next = ask("GET", "images");
  for (let round = 0; ends.length < 5 && round < 1000; round++) await Bun.sleep(1);
  ends.at(-1)?.();
  expect(await (await next).text()).toBe("seen");
});

test("more images than one question may have are refused before their shapes are looked at", async () => {
  const { ask } = lab();
  const response = await ask("POST", "has", JSON.stringify({ images: Array.from({ length: 5001 }, () => 1) }));
  expect(response.status).toBe(400);
  expect(await response.text()).toContain("length");
});
