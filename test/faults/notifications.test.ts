/** Whoever is notified may be down, hang, or refuse; larder may be killed. Nothing that was acknowledged is lost for that. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeImage } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { manifestUrl, pushImage, send } from "../conformance/registry-client.ts";
import { until } from "../until.ts";
import { EventCatcher } from "./event-catcher.ts";

let folder: string;
let catcher: EventCatcher;
let larder: LarderProcess | null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-notifications-"));
  catcher = new EventCatcher();
  larder = null;
});
afterEach(async () => {
  await larder?.stop();
  await catcher.stop();
  await rm(folder, { recursive: true });
});

type Endpoint = Readonly<Record<string, unknown>>;

async function writeSettings(...endpoints: readonly Endpoint[]): Promise<void> {
  await Bun.write(join(folder, "larder.yaml"), JSON.stringify({ notifications: { endpoints } }));
}

/** Starts larder on the test's folder. */
async function start(): Promise<LarderProcess> {
  const settings = ["--config", join(folder, "larder.yaml")];
  larder = await startLarder({ dataFolder: join(folder, "data"), arguments: settings });
  return larder;
}

const images = (path?: string) => catcher.events(path).filter(({ target }) => target.tag !== undefined);
/** The tags that were told of, each where it came first. */
const tagsOf = (path?: string) => [...new Set(images(path).map(({ target }) => target.tag))];
const tags = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `v${from + index}`);

async function push(...all: readonly string[]): Promise<void> {
  for (const tag of all) await pushImage(larder?.url ?? "", "team/app", makeImage({ annotations: { tag } }), tag);
}

/** No id stands for two things, and nothing has two ids. */
function expectStableIds(path?: string): void {
  const idOf = new Map<string, string>();
  for (const { id, target } of images(path)) {
    expect(idOf.get(target.tag ?? "") ?? id).toBe(id);
    idOf.set(target.tag ?? "", id);
  }
  expect(new Set(idOf.values()).size).toBe(idOf.size);
}

test("what was pushed while nobody listened, and larder was killed, is told in its order", async () => {
  const { port } = catcher;
  await writeSettings({ name: "ci", url: catcher.url(), ignore: { mediaTypes: "application/octet-stream" } });
  await catcher.stop();
  await start();
  await push(...tags(0, 10));
  await larder?.kill();
  await start();
  await push(...tags(10, 15));
  await larder?.kill();
  catcher = new EventCatcher(port);
  await start();
  await push(...tags(15, 20));
  await until("all are told", () => images().length >= 20);
  expect(tagsOf()).toEqual(tags(0, 20));
  expectStableIds();
});

test("a larder that is killed while it tells loses nothing, and tells nothing out of order", async () => {
  await writeSettings({ name: "ci", url: catcher.url(), blobs: false });
  for (let round = 0; round < 6; round++) {
    await start();
    await push(...tags(round * 5, round * 5 + 5));
    await Bun.sleep(round * 3);
    await larder?.kill();
  }
  await start();
  await push("last");
  await until("the last is told", () => images().at(-1)?.target.tag === "last");
  expect(tagsOf()).toEqual([...tags(0, 30), "last"]);
  expectStableIds();
});

test("one that hangs and one that refuses hold up neither pushes nor the others", async () => {
  const [hanging, refusing] = [new EventCatcher(), new EventCatcher()];
  [hanging.status, refusing.status] = [null, 400];
  await writeSettings(
    { name: "hangs", url: hanging.url(), timeout: "60s", blobs: false },
    {
      name: "refuses",
      url: refusing.url("/secret?token=hunter2"),
      headers: { "X-Key": "hunter3" },
      threshold: 1000,
      blobs: false,
    },
    { name: "ci", url: catcher.url(), blobs: false },
  );
  await start();
  await push(...tags(0, 5));
  await until("all are told", () => images().length === 5);
  const given = async () =>
    (await (await fetch(`${larder?.url}/api/v1/notifications`)).json()) as { endpoints: Endpoint[] };
  await until("what is refused is given up", async () => (await given()).endpoints[1]?.["givenUp"] === 5);
  expect((await given()).endpoints).toMatchObject([
    { endpoint: "hangs", waiting: 5, delivered: 0, isActive: true },
    { endpoint: "refuses", waiting: 0, url: `${refusing.url("/secret")}?…`, failure: "it answered 400" },
    { endpoint: "ci", waiting: 0, delivered: 5, failure: null },
  ]);
  refusing.status = 200;
  const retried = await send("POST", `${larder?.url}/api/v1/notifications/retries`, {
    headers: { "Content-Type": "application/json" },
    body: '{"endpoint": "refuses"}',
  });
  expect(JSON.parse(retried.text)).toEqual({ retried: 5 });
  await until("they are told after all", () => refusing.caught.length === 5);
  expect(refusing.caught.map(({ event }) => event.target.tag)).toEqual(tags(0, 5));
  expect(larder?.output()).not.toContain("hunter");
  await Promise.all([hanging.stop(), refusing.stop()]);
});

test("a reload takes up other endpoints at once, and keeps what waits", async () => {
  catcher.status = 503;
  await writeSettings({ name: "ci", url: catcher.url("/old"), blobs: false });
  await start();
  await push("v0", "v1");
  catcher.status = 200;
  await writeSettings(
    { name: "ci", url: catcher.url("/new"), blobs: false },
    { name: "more", url: catcher.url("/more"), format: "cloudevents", kinds: ["delete"] },
  );
  larder?.signal("SIGHUP");
  await until("the other place is told", () => images("/new").length === 2);
  expect(tagsOf("/new")).toEqual(["v0", "v1"]);
  await send("DELETE", manifestUrl(larder?.url ?? "", "team/app", "v1"));
  await until("so is the new one", () => catcher.caught.some(({ path }) => path === "/more"));
  const event = JSON.parse(catcher.caught.find(({ path }) => path === "/more")?.body ?? "") as Endpoint;
  expect(event).toMatchObject({ type: "larder.image.delete", subject: "team/app:v1" });
});

test("settings that name what cannot be read are refused, and by a reload nothing changes", async () => {
  const bad = { name: "ci", url: catcher.url(), secretFile: join(folder, "nothing") };
  await writeSettings(bad);
  await expect(start()).rejects.toThrow(/notifications\.endpoints: ci: secretFile: .*there is no such file/);
  await writeSettings({ name: "ci", url: catcher.url(), blobs: false });
  await start();
  await writeSettings(bad);
  larder?.signal("SIGHUP");
  await until("it is said", () => larder?.output().includes("secretFile") === true);
  await push("v0");
  await until("it is told as before", () => images().length === 1);
});
