/** What the admin API refuses: it can empty a larder, and browsers run on the machines that may. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { pushImage, send } from "../conformance/registry-client.ts";
import { hostOf, smallImage } from "./test-site.ts";
import { runLarder } from "./run-larder.ts";

let server: LarderProcess;
beforeAll(async () => {
  server = await startLarder();
  await pushImage(server.url, "app", smallImage(), "1");
});
afterAll(() => server.stop());

const JSON_TYPE = { "Content-Type": "application/json" };
const ask = (resource: string, body: string, headers: Record<string, string> = JSON_TYPE) =>
  send("POST", `${server.url}/api/v1/${resource}`, { body, headers });

test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
  "a body of the type %s, as any site's page can have a browser send it, changes nothing",
  async (type) => {
    const body = JSON.stringify({ offline: false });
    const { status, text } = await send("PUT", `${server.url}/api/v1/settings/offline`, {
      body,
      headers: { "Content-Type": type },
    });
    expect(status).toBe(400);
    expect(text).toContain("Content-Type");
    for (const resource of ["collections", "verifications", "fetches", "adoptions"]) {
      expect((await ask(resource, "{}", { "Content-Type": type })).status).toBe(400);
    }
    expect((await runLarder(hostOf(server.url), ["offline"])).output).toBe("on\n");
  },
);

test.each([
  ["checks", "{"],
  ["checks", "[]"],
  ["checks", "null"],
  ["collections", "[]"],
  ["verifications", "[]"],
  ["verifications", "1"],
  ["checks", '{"__proto__":1}'],
  ["checks", '{"images":[],"__proto__":{"images":[]}}'],
  ["checks", "[".repeat(100_000)],
  ["checks", `{"images":${"[".repeat(60_000)}${"]".repeat(60_000)}}`],
  ["checks", JSON.stringify({ images: [{ image: "app:1", platforms: [] }] })],
  ["checks", JSON.stringify({ images: [{ image: "app:1", platforms: ["a/b/c/d"] }] })],
  ["checks", JSON.stringify({ images: [{ image: "app:1", platforms: "all", more: 1 }] })],
  ["checks", JSON.stringify({ images: [{ image: "x".repeat(2000), platforms: "all" }] })],
  ["checks", JSON.stringify({ images: [{ image: "app:", platforms: "all" }] })],
  ["fetches", JSON.stringify({ image: "app:1" })],
  ["fetches", JSON.stringify({ image: "APP:1", platforms: "all" })],
  ["adoptions", JSON.stringify({ image: "app:1", digest: "sha256:0" })],
  ["adoptions", JSON.stringify({ image: `app@sha256:${"0".repeat(64)}`, digest: `sha256:${"0".repeat(64)}` })],
  ["adoptions", JSON.stringify({ image: "app:1", digest: `sha256:${"0".repeat(64)}`, indexBase64: "e30=" })],
  ["adoptions", JSON.stringify({ image: "app:1", digest: `sha256:${"0".repeat(64)}`, indexBase64: "{}" })],
  ["collections", JSON.stringify({ graceMs: -1 })],
  ["collections", JSON.stringify({ graceMs: 0.5 })],
  ["verifications", JSON.stringify({ all: true })],
])("POST %s %p is refused with the reason", async (resource, body) => {
  const { status, text, headers } = await ask(resource, body);
  expect(status).toBe(400);
  expect(headers.get("Content-Type")).toBe("application/problem+json");
  expect(JSON.parse(text)).toMatchObject({
    type: "about:blank",
    title: "Bad Request",
    status: 400,
    detail: expect.stringMatching(/.{10}/) as string,
    requestId: headers.get("X-Request-ID"),
  });
});

test("a body beyond all bounds is refused", async () => {
  const headers = { ...JSON_TYPE, Connection: "close" };
  expect((await ask("checks", " ".repeat(5 << 20), headers)).status).toBe(413);
  expect((await ask("collections", " ".repeat(1 << 17), headers)).status).toBe(413);
});

test("an image that is not here is a problem of its own, for whoever shows or removes it", async () => {
  for (const method of ["GET", "DELETE"]) {
    for (const name of ["local/none:1", "quay.io/none:1", `local/app@sha256:${"0".repeat(64)}`]) {
      const { status, text } = await send(method, `${server.url}/api/v1/images/${name}`);
      expect([status, JSON.parse(text)]).toMatchObject([
        404,
        { code: "MANIFEST_UNKNOWN", detail: `${name} is not here` },
      ]);
    }
  }
});

test("what is removed between two pages moves nothing else", async () => {
  const tags = Array.from({ length: 30 }, (_, index) => `t${String(index).padStart(2, "0")}`);
  for (const tag of tags) await pushImage(server.url, "paged", smallImage(), tag);
  const seen: string[] = [];
  for (let after = ""; ; ) {
    const { text } = await send("GET", `${server.url}/api/v1/images?search=paged&limit=7${after}`);
    const page = JSON.parse(text) as { images: { name: string }[]; next: string | null };
    seen.push(...page.images.map(({ name }) => name));
    // What was shown last, and what comes soon.
    for (const name of [seen.at(-1), seen.length === 7 ? "local/paged:t10" : null]) {
      if (typeof name === "string") await send("DELETE", `${server.url}/api/v1/images/${name}`);
    }
    if (page.next === null) break;
    after = `&after=${page.next}`;
  }
  expect(seen).toEqual(tags.filter((tag) => tag !== "t10").map((tag) => `local/paged:${tag}`));
});

test("HEAD says what GET would", async () => {
  const { status, headers, text } = await send("HEAD", `${server.url}/api/v1/images`);
  expect([status, headers.get("Content-Type"), text]).toEqual([200, "application/json", ""]);
  expect((await send("HEAD", `${server.url}/api/v1/none`)).status).toBe(404);
});
