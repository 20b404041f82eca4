import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { expect, test } from "bun:test";
import { everyoneWrites } from "../../access/access-control.ts";
import { Gate } from "../../access/gate.ts";
import { LarderHosts } from "../../access/larder-hosts.ts";
import { Turns } from "../../lib/async/turns.ts";
import { listenerOf, pipelineOf } from "../exchange.fixture.ts";
import { AdminApi } from "./admin-api.ts";
import type { AdminActions } from "./admin-actions.ts";

/** An API whose look at images takes until it is told to end. */
function lab(more: Partial<AdminActions> = {}, checksAnswers = false) {
  const ends: (() => void)[] = [];
  const faults: unknown[] = [];
  const look = (_: unknown, signal: AbortSignal) =>
    new Promise<object>((resolve, reject) => {
      ends.push(() => resolve({ seen: true }));
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  const actions = { checkImages: look, listImages: look, getVersion: async () => ({ name: "larder" }), ...more };
  const hosts = new LarderHosts({
    names: [],
    standIns: [],
    isMachineName: () => false,
    isOwnAddress: () => true,
    ports: () => [],
  });
  const gate = new Gate({ control: everyoneWrites, hosts, trustedProxies: [] });
  const api = new AdminApi(actions as unknown as AdminActions, {
    audit: memoryMetadata().audit,
    visits: { recognize: async () => {} },
    now: () => 5,
    clientOf: (exchange) => exchange.remote() ?? "",
    version: "1.2.3",
    gate,
    turns: new Turns(),
    checksAnswers,
  });
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
  const answers = Array.from({ length: 80 }, () => ask("POST", "checks", HAS));
  await Bun.sleep(0);
  const statuses: number[] = [];
  for (const answer of answers) void Promise.resolve(answer).then(({ status }) => statuses.push(status));
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
  expect(await (await next).json()).toEqual({ seen: true });
});

test("more images than one question may have are refused before their shapes are looked at", async () => {
  const { ask } = lab();
  const response = await ask("POST", "checks", JSON.stringify({ images: Array.from({ length: 5001 }, () => 1) }));
  expect(response.status).toBe(400);
  expect(await response.text()).toContain("length");
});

test("an id of sixteen digits is a number, as those of events and audit entries are", async () => {
  const asked: unknown[] = [];
  const listAudit = async (input: unknown) => (asked.push(input), { entries: [], next: null });
  const { ask } = lab({ listAudit });
  const before = 1_795_893_971_125_000;
  expect((await ask("GET", `audit?before=${before}`)).status).toBe(200);
  expect(asked).toMatchObject([{ before }]);
  expect((await ask("GET", "audit?before=9999999999999999")).status).toBe(400);
});

test("what fails is told as a problem, under the request's id", async () => {
  const { ask } = lab();
  const response = await ask("GET", "images?limit=0");
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  expect(await response.json()).toEqual({
    type: "about:blank",
    title: "Bad Request",
    status: 400,
    detail: expect.stringContaining("limit") as string,
    code: "BAD_REQUEST",
    requestId: response.headers.get("X-Request-ID"),
  });
  expect(response.status).toBe(400);
});

test.each([
  ["POST", "version", "GET, HEAD"],
  ["TRACE", "version", "GET, HEAD"],
  ["POST", "images/quay.io/app:1", "GET, HEAD, DELETE"],
  ["POST", "settings/offline", "GET, HEAD, PUT"],
  ["GET", "checks", "POST"],
  ["OPTIONS", "images", "GET, HEAD"],
  // What ends a backup is at another path, which has no more to it.
  ["OPTIONS", "backups/1/blobs", "GET, HEAD"],
  ["OPTIONS", "backups/1/files/tls/ca.key", "GET, HEAD"],
])("%s %s is told which methods there are: %s", async (method, resource, allowed) => {
  const response = await lab().ask(method, resource);
  expect([response.status, response.headers.get("Allow")]).toEqual([405, allowed]);
});

test.each([
  "",
  "x",
  "images/",
  "version/",
  "/version",
  "checks/1",
  "users/a/b",
  "tokens/a/b",
  "backups/1/2",
  "settings",
  "openapi",
  "Version",
  "images2",
])("there is nothing at %p", async (resource) => {
  const response = await lab().ask("GET", resource);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ code: "NAME_UNKNOWN" });
});

test("the command line of 0.1 is told, in its own words, that it is too old", async () => {
  for (const [method, resource] of [
    ["POST", "has"],
    ["POST", "inspect"],
    ["POST", "remove"],
    ["POST", "gc"],
    ["POST", "cache"],
    ["POST", "verify"],
    ["POST", "adopt"],
    ["GET", "offline"],
    ["PUT", "offline"],
  ] as const) {
    const response = await lab().ask(method, resource, method === "GET" ? null : "{}");
    expect(response.ok).toBe(false);
    const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
    expect(errors[0]?.message).toContain("this larder (1.2.3) is newer than the command that asks it");
  }
});

test.each([
  "limit=0",
  "limit=1001",
  "limit=1e3",
  "limit=%201",
  "limit=99999999999999999999",
  "limit=",
  "limit=1&limit=2",
  "kind=other",
  "sort=size",
  "order=down",
  "serach=x",
  "__proto__=1",
  `search=${"x".repeat(1025)}`,
  `after=${"x".repeat(4097)}`,
])("a list with %p is refused", async (query) => {
  const response = await lab().ask("GET", `images?${query}`);
  expect(response.status).toBe(400);
});

test.each(["images/%", "images/%ff", "images/a%2", `images/${"a".repeat(1025)}`, "images/A%00", "images/..%2f..%2fv2"])(
  "an image in the path that is no name is refused: %p",
  async (resource) => {
    for (const method of ["GET", "DELETE"]) {
      const response = await lab().ask(method, resource);
      expect(response.status).toBe(400);
    }
  },
);

test("an image stands in the path with its slashes, or percent-encoded", async () => {
  const seen: string[] = [];
  const { ask } = lab({ getImage: async ({ image }) => throwSeen(seen, image) });
  const name = `localhost:5000/a/b:1@sha256:${"0".repeat(64)}`;
  await ask("GET", `images/${name}`);
  await ask("GET", `images/${encodeURIComponent(name)}`);
  await ask("HEAD", `images/${name.replaceAll("/", "%2f")}`);
  expect(seen).toEqual([name, name, name]);
});

function throwSeen(seen: string[], image: string): never {
  seen.push(image);
  throw new Error("seen");
}

test("an answer that is not of the contract is larder's fault, where that is looked at", async () => {
  const answers: [object, boolean][] = [
    [{ name: "larder", version: "1", instance: "0123456789abcdef", unqualified: ["docker.io"] }, true],
    [{ name: "larder" }, false],
    [{ name: "larder", version: 1, unqualified: [] }, false],
    [{ name: "larder", version: "1", instance: "", unqualified: [], more: 1 }, false],
  ];
  for (const [answer, isOfContract] of answers) {
    const { ask, faults } = lab({ getVersion: async () => answer as never }, true);
    expect((await ask("GET", "version")).status).toBe(isOfContract ? 200 : 500);
    expect(faults).toHaveLength(isOfContract ? 0 : 1);
  }
  const lines = async (event: object) => {
    const work = async (tell: (event: never) => void) => {
      tell(event as never);
      return { kind: "done" } as const;
    };
    const { ask } = lab({ fetchImage: async () => ({ work }) }, true);
    const response = await ask("POST", "fetches", JSON.stringify({ image: "a", platforms: "all" }));
    expect(response.headers.get("Content-Type")).toBe("application/jsonl");
    return (await response.text()).split("\n").map((line) => line.slice(0, 16));
  };
  expect(await lines({ kind: "fetched", digest: "d", sizeBytes: 1 })).toEqual([
    '{"kind":"fetched',
    '{"kind":"done"}',
    "",
  ]);
  expect(await lines({ kind: "fetched", digest: "d" })).toEqual(['{"kind":"failed"', ""]);
});
