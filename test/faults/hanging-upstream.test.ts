/** An upstream that takes requests and never answers them is its own clients' trouble alone. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { makeImage } from "../conformance/content-factory.ts";
import { send } from "../conformance/registry-client.ts";
import { MisbehavingUpstream } from "./misbehaving-upstream.ts";
import { HOST, PullThrough } from "./pull-through.ts";
import { until } from "../until.ts";

const OTHER = "other.test";
const CLIENTS = 300;
/** Less than larder waits for an answer to a request: who waited for one of those is late. */
const LIMIT_MS = 12_000;

let other: MisbehavingUpstream;
let lab: PullThrough;
const sockets: Socket[] = [];
beforeAll(async () => {
  other = await MisbehavingUpstream.start();
  lab = await PullThrough.start({ arguments: ["--upstream", `${OTHER}=${other.url}`] });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await other.stop();
  await lab.stop();
});

/** Asks in the background, as a client that waits for as long as it takes. */
function ask(path: string): void {
  const { hostname, port } = new URL(lab.larder.url);
  const socket = connect(Number(port), hostname, () => socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`));
  socket.on("error", () => {});
  sockets.push(socket);
}

test(
  "its manifests are asked for by a few requests at a time, and other registries answer at once",
  async () => {
    lab.upstream.misbehave({}, { kind: "hang" });
    for (let index = 0; index < CLIENTS; index++) ask(`/v2/team/app${index}/manifests/v1?ns=${HOST}`);
    await until("upstream is asked", () => lab.upstream.count() >= 20);
    const image = makeImage();
    other.addImage(image, "v1");
    for (let index = 0; index < 5; index++) {
      const reply = await send("GET", lab.manifestUrl("v1", `team/other${index}`, OTHER));
      expect(reply.status, reply.text).toBe(200);
    }
    for (const { digest, bytes } of image.blobs) {
      expect((await send("GET", lab.blobUrl(digest, "team/other0", OTHER))).bytes).toEqual(bytes);
    }
    // Far fewer than there are clients, and fewer than the runtime would have in flight.
    expect(lab.upstream.count()).toBeLessThan(65);
  },
  LIMIT_MS,
);

test(
  "its blobs on their way hold up none of its manifests",
  async () => {
    lab.upstream.behave();
    const images = Array.from({ length: 70 }, () => makeImage());
    const indexes = images.map((image, index) => [`many${index}`, image] as const);
    for (const [tag, image] of indexes) lab.upstream.addImage(image, tag);
    for (const [tag] of indexes) expect((await lab.manifest(tag)).status).toBe(200);
    lab.upstream.requests.length = 0;
    lab.upstream.misbehave({ kind: "blob" }, { kind: "pause", afterBytes: 10 });
    for (const { blobs } of images)
      for (const { digest } of blobs) ask(new URL(lab.blobUrl(digest)).pathname + `?ns=${HOST}`);
    await until("blobs are asked for", () => lab.upstream.count({ kind: "blob" }) >= 30);
    lab.upstream.addImage(makeImage(), "while-downloads-run");
    expect((await send("GET", lab.manifestUrl("while-downloads-run"))).status).toBe(200);
    expect(lab.upstream.count({ kind: "blob" })).toBeLessThan(65);
  },
  LIMIT_MS,
);

test("a client that looks before it pushes a tag does not wait for it", async () => {
  lab.upstream.misbehave({}, { kind: "hang" });
  const before = lab.upstream.count();
  const headers = { "User-Agent": "crane/0.22 go-containerregistry/0.22" };
  const reply = await send("HEAD", lab.manifestUrl("mine", "team/mine"), { headers });
  expect([reply.status, lab.upstream.count() - before]).toEqual([404, 0]);
});

test("questions of all kinds fail at once after some were waited for in vain, until it answers", async () => {
  lab.upstream.behave();
  const image = lab.addImage("v9");
  const subject = await lab.manifest("v9");
  lab.upstream.misbehave({}, { kind: "hang" });
  const looks = ["a", "b", "c"].map((tag) => send("HEAD", lab.manifestUrl(tag, "team/silent")));
  for (const { status } of await Promise.all(looks)) expect(status).toBe(404);
  const before = lab.upstream.count();
  const { digest } = image.manifest;
  const [absent = "", ...others] = Array.from({ length: 3 }, () => makeImage().manifest.digest);
  const urls = [
    lab.manifestUrl("d", "team/silent"),
    lab.manifestUrl(absent, "team/silent"),
    lab.manifestUrl(`${absent.replace(":", "-")}.sig`),
    ...others.map((other) => lab.blobUrl(other, "team/silent")),
  ];
  for (const url of urls) {
    const reply = await send("GET", url);
    expect(reply.status, reply.text).toBe(502);
    expect(reply.text).toContain("has not answered");
    if (url.includes("/manifests/")) expect(reply.text).toContain("pull again when it answers, or push the image here");
  }
  // To one who signs what is here, there is no signature yet.
  expect((await send("GET", lab.manifestUrl(`${digest.replace(":", "-")}.sig`))).status).toBe(404);
  expect((await send("GET", `${lab.larder.url}/v2/${HOST}/team/app/referrers/${digest}`)).status).toBe(200);
  expect((await lab.manifest("v9")).bytes).toEqual(subject.bytes);
  expect(lab.upstream.count()).toBe(before);
  lab.upstream.behave();
  // Those that hung are answered now, which shows that it is there.
  await until("upstream is asked again", async () => (await lab.manifest("unheard")).status === 404);
}, 30_000);

test("larder ends when it is told to, though requests are still waiting for it", async () => {
  lab.upstream.misbehave({}, { kind: "hang" });
  const before = lab.upstream.count();
  for (let index = 0; index < 100; index++) ask(`/v2/team/late${index}/manifests/v1?ns=${HOST}`);
  await until("upstream is asked", () => lab.upstream.count() > before);
  for (const socket of sockets.splice(0)) socket.destroy();
  expect(await lab.larder.stop()).toBe(0);
}, 40_000);
