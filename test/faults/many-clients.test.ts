/** Many at once: those who say nothing, those who say it slowly, and those who want something, all of whom get it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { makeBlob, makeImage, digestOf } from "../conformance/content-factory.ts";
import { RawConnection } from "../conformance/raw-http.ts";
import { blobUrl, manifestUrl, pushBlob, pushImage, send } from "../conformance/registry-client.ts";
import { until } from "../until.ts";
import { PullThrough } from "./pull-through.ts";

const IDLE = 2000;
const SLOW = 500;
const PULLS = 500;
const PUSHES = 50;
/** What larder opens and closes for itself meanwhile: a start fills its reserve, snapshots are written. */
const OWN = 20;
const PATH = "team/app";

let lab: PullThrough;
const image = makeImage();
beforeAll(async () => {
  lab = await PullThrough.start();
  await pushImage(lab.larder.url, PATH, image, "1");
});
afterAll(() => lab.stop());

const descriptors = (): number => readdirSync(`/proc/${lab.larder.pid}/fd`).length;

async function open(count: number, first: string): Promise<readonly RawConnection[]> {
  const connections: RawConnection[] = [];
  // A listening socket's queue is short.
  for (let at = 0; at < count; at += 100) {
    const batch = Array.from({ length: Math.min(100, count - at) }, () => RawConnection.open(lab.larder.url));
    connections.push(...(await Promise.all(batch)));
  }
  if (first !== "") await Promise.all(connections.map((connection) => connection.write(first)));
  return connections;
}

async function expectServes(): Promise<void> {
  expect((await send("GET", manifestUrl(lab.larder.url, PATH, "1"))).status).toBe(200);
  await pushBlob(lab.larder.url, PATH, makeBlob());
}

const head = (line: string, more: string) => `${line} HTTP/1.1\r\nHost: ${new URL(lab.larder.url).host}\r\n${more}`;
const manifestHead = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\nContent-Length: 1000\r\n\r\n";

test.each<[string, number, () => string, string]>([
  ["that say nothing", IDLE, () => "", ""],
  ["whose request never ends", SLOW, () => head("GET /v2/", "X-Slow: "), "a"],
  ["whose manifest never ends", SLOW, () => head(`PUT /v2/${PATH}/manifests/slow`, manifestHead), " "],
  [
    "whose layer never ends",
    SLOW,
    () => head(`POST /v2/${PATH}/blobs/uploads/?digest=${makeBlob().digest}`, "Content-Length: 1000\r\n\r\n"),
    "a",
  ],
  [
    "whose question never ends",
    SLOW,
    () => head("POST /api/v1/checks", "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"),
    " ",
  ],
])(
  "connections %s keep nobody waiting, and leave nothing behind",
  async (_, count, first, drip) => {
    await expectServes();
    const before = descriptors();
    const connections = await open(count, first());
    try {
      for (let round = 0; round < 3; round++) {
        await expectServes();
        if (drip !== "") await Promise.all(connections.map((connection) => connection.write(drip)));
      }
      await until("larder has taken all of them", () => descriptors() >= before + count - OWN);
    } finally {
      for (const connection of connections) connection.destroy();
    }
    await until("larder has let go of them", () => descriptors() <= before + OWN);
    await expectServes();
  },
  60_000,
);

test(`${PULLS} pulls and ${PUSHES} pushes at once`, async () => {
  const cold = lab.addImage("cold");
  const pushed = Array.from({ length: PUSHES }, () => makeImage());
  const pull = async (url: (digest: string) => string, manifest: string, which: typeof image): Promise<void> => {
    expect((await send("GET", manifest)).bytes).toEqual(which.manifest.bytes);
    for (const { digest } of which.blobs) expect(digestOf((await send("GET", url(digest))).bytes)).toBe(digest);
  };
  const pulls = Array.from({ length: PULLS }, (_, at) =>
    at % 2 === 0
      ? pull((digest) => blobUrl(lab.larder.url, PATH, digest), manifestUrl(lab.larder.url, PATH, "1"), image)
      : pull((digest) => lab.blobUrl(digest), lab.manifestUrl("cold"), cold),
  );
  const pushes = pushed.map((one, at) => pushImage(lab.larder.url, `many/app${at % 7}`, one, `v${at}`));
  await Promise.all([...pulls, ...pushes]);
  for (const [at, one] of pushed.entries()) {
    const { bytes } = await send("GET", manifestUrl(lab.larder.url, `many/app${at % 7}`, `v${at}`));
    expect(bytes).toEqual(one.manifest.bytes);
  }
  const asked = lab.upstream.requests.filter(({ method, path }) => method === "GET" && path.includes("/blobs/"));
  expect(asked).toHaveLength(cold.blobs.length);
}, 60_000);
