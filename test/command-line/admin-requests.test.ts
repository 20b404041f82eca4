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
    const { status, text } = await ask("remove", JSON.stringify({ image: "local/app:1" }), { "Content-Type": type });
    expect(status).toBe(400);
    expect(text).toContain("Content-Type");
    expect((await runLarder(hostOf(server.url), ["has", "app:1"])).status).toBe(0);
  },
);

test.each([
  ["has", "{"],
  ["has", "[]"],
  ["has", JSON.stringify({ images: [{ image: "app:1", platforms: [] }] })],
  ["has", JSON.stringify({ images: [{ image: "app:1", platforms: ["a/b/c/d"] }] })],
  ["has", JSON.stringify({ images: [{ image: "app:1", platforms: "all", more: 1 }] })],
  ["has", JSON.stringify({ images: [{ image: "x".repeat(2000), platforms: "all" }] })],
  ["inspect", JSON.stringify({ image: "app:" })],
  ["remove", JSON.stringify({})],
  ["adopt", JSON.stringify({ image: "app:1", digest: "sha256:0" })],
  ["adopt", JSON.stringify({ image: `app@sha256:${"0".repeat(64)}`, digest: `sha256:${"0".repeat(64)}` })],
  ["adopt", JSON.stringify({ image: "app:1", digest: `sha256:${"0".repeat(64)}`, indexBase64: "e30=" })],
  ["adopt", JSON.stringify({ image: "app:1", digest: `sha256:${"0".repeat(64)}`, indexBase64: "{}" })],
  ["gc", JSON.stringify({ graceMs: -1 })],
])("POST %s %p is refused with the reason", async (resource, body) => {
  const { status, text } = await ask(resource, body);
  expect(status).toBe(400);
  expect(JSON.parse(text)).toMatchObject({ errors: [{ message: expect.any(String) as string }] });
});

test("a body beyond all bounds is refused", async () => {
  const headers = { ...JSON_TYPE, Connection: "close" };
  expect((await ask("has", " ".repeat(5 << 20), headers)).status).toBe(413);
});
