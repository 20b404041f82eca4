/**
 * Debian's docker-registry and larder notify the same endpoint of the same requests: what they tell differs in nothing but what
 * has to differ.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeManifest, makeImage, makeIndex, type Image } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { blobUrl, manifestUrl, pushImage, send } from "../conformance/registry-client.ts";
import { type DockerRegistry, startDockerRegistry } from "../../src/upstream/docker-registry.fixture.ts";
import { EventCatcher } from "../faults/event-catcher.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";

const lab = requirement("docker-registry");

describe.skipIf(!lab.met)("the same requests at registry:2 and at larder", () => {
  let catcher: EventCatcher;
  let registry: DockerRegistry;
  let larder: LarderProcess;
  let folder: string;
  beforeAll(async () => {
    catcher = new EventCatcher();
    folder = await mkdtemp(join(tmpdir(), "larder-notified-"));
    const endpoint = (name: string) => ({ name, url: catcher.url(`/${name}`), headers: { "X-Key": ["a", "b"] } });
    const theirs = { events: { includereferences: true }, endpoints: [endpoint("theirs")] };
    registry = await startDockerRegistry({ kind: "none" }, null, { notifications: theirs });
    const ours = { includeReferences: true, endpoints: [endpoint("ours")] };
    await Bun.write(join(folder, "larder.yaml"), JSON.stringify({ notifications: ours }));
    larder = await startLarder({ arguments: ["--config", join(folder, "larder.yaml")] });
  });
  afterAll(async () => {
    await larder.stop();
    await registry.stop();
    await catcher.stop();
    await rm(folder, { recursive: true });
  });

  const image = makeImage();
  const accept = { headers: { Accept: image.manifest.mediaType } };
  const layer = image.blobs.at(-1)?.digest ?? "";

  /** Name of what is done, what does it, and how many events it is. */
  const STEPS: readonly (readonly [string, (url: string) => Promise<unknown>, number])[] = [
    ["a push under a tag", (url) => pushImage(url, "team/app", image, "v1"), image.blobs.length + 1],
    ["a second tag", (url) => putManifest(url, "team/app", image, "v2"), 1],
    ["by its digest", (url) => putManifest(url, "team/app", image, image.manifest.digest), 1],
    [
      "an index",
      (url) => putManifest(url, "team/app", { manifest: makeIndex([describeManifest(image.manifest)]) }, "all"),
      1,
    ],
    ["a mount", (url) => send("POST", `${url}/v2/team/other/blobs/uploads/?mount=${layer}&from=team/app`), 1],
    ["a mount of nothing", (url) => send("POST", `${url}/v2/team/other/blobs/uploads/?mount=${layer}&from=no/such`), 0],
    ["a pull by tag", (url) => send("GET", manifestUrl(url, "team/app", "v1"), accept), 1],
    ["a look", (url) => send("HEAD", manifestUrl(url, "team/app", "v1"), accept), 1],
    ["a pull by digest", (url) => send("GET", manifestUrl(url, "team/app", image.manifest.digest), accept), 1],
    ["a blob", (url) => send("GET", blobUrl(url, "team/app", layer)), 1],
    ["a look at a blob", (url) => send("HEAD", blobUrl(url, "team/app", layer)), 1],
    ["a part of a blob", (url) => send("GET", blobUrl(url, "team/app", layer), { headers: { Range: "bytes=1-2" } }), 1],
    ["what is not there", (url) => send("GET", manifestUrl(url, "team/app", "gone"), accept), 0],
    ["a list of tags", (url) => send("GET", `${url}/v2/team/app/tags/list`), 0],
    ["a blob's removal", (url) => send("DELETE", blobUrl(url, "team/other", layer)), 1],
    [
      "a manifest's removal, with its tags",
      (url) => send("DELETE", manifestUrl(url, "team/app", image.manifest.digest)),
      3,
    ],
  ];

  test.each(STEPS)("%s", async (_, act, count) => {
    const told: unknown[][] = [];
    for (const [path, url] of [
      ["/theirs", registry.url],
      ["/ours", larder.url],
    ] as const) {
      const before = catcher.events(path).length;
      await act(url);
      await until("it is told", () => catcher.events(path).length >= before + count);
      told.push(
        catcher
          .events(path)
          .slice(before)
          .map((event) => shapeOf(event, url)),
      );
    }
    const [theirs = [], ours = []] = told;
    expect(theirs).toHaveLength(count);
    expect(ours.map(text).toSorted()).toEqual(theirs.map(text).toSorted());
  });

  test("the requests have the same type and headers", () => {
    const headers = (path: string) => {
      const sent = catcher.caught.find((one) => one.path === path)?.headers;
      return [sent?.get("content-type"), sent?.get("x-key")];
    };
    expect(headers("/ours")).toEqual(headers("/theirs"));
  });
});

async function putManifest(url: string, name: string, { manifest }: Pick<Image, "manifest">, reference: string) {
  const headers = { "Content-Type": manifest.mediaType };
  return send("PUT", manifestUrl(url, name, reference), { headers, body: manifest.bytes });
}

/** An event with what differs by nature put in its place: ids, times, ports, who is who. */
function shapeOf(event: Readonly<Record<string, unknown>>, url: string): unknown {
  const fixed = JSON.stringify(event).replaceAll(new URL(url).host, "HOST");
  const { id, timestamp, request, source, ...rest } = JSON.parse(fixed) as Record<string, Record<string, string>>;
  expect(id as unknown).toMatch(/^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/);
  expect(Date.parse(timestamp as unknown as string)).toBeGreaterThan(Date.now() - 60_000);
  expect(Object.keys(source ?? {})).toEqual(["addr", "instanceID"]);
  expect(request?.["id"]).not.toBe("");
  // registry:2 tells the port of a client's end, too.
  return { ...rest, request: { ...request, id: "ID", addr: request?.["addr"]?.replace(/:\d+$/, "") } };
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
