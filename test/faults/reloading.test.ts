/** SIGHUP: what can change while larder runs does, the rest is named, and a file with mistakes changes nothing. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeBlob, makeImage } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { blobUrl, manifestUrl, send, withQuery } from "../conformance/registry-client.ts";
import { until } from "../until.ts";
import { MisbehavingUpstream } from "./misbehaving-upstream.ts";

const [FIRST, SECOND] = ["first.test", "second.test"];
const image = makeImage();
const blob = makeBlob(300_000);

let folder: string;
let file: string;
let one: MisbehavingUpstream;
let other: MisbehavingUpstream;
let larder: LarderProcess;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-reload-"));
  file = join(folder, "larder.yaml");
  [one, other] = [await MisbehavingUpstream.start(), await MisbehavingUpstream.start()];
  for (const upstream of [one, other]) {
    upstream.addImage(image, "1");
    upstream.add(blob);
  }
  await writeFile(file, `upstreams: { ${FIRST}: { endpoint: '${one.url}' } }\n`);
  // The upstream keeps larder online; nobody asks for it.
  const more = ["--log-format", "human", "--upstream", "unused.test=http://127.0.0.1:9"];
  larder = await startLarder({ arguments: ["--config", file, ...more] });
});
afterEach(async () => {
  await larder.stop();
  await Promise.all([one.stop(), other.stop()]);
  await rm(folder, { recursive: true });
});

const pull = async (host: string) =>
  (await send("GET", withQuery(manifestUrl(larder.url, "team/app", "1"), "ns", host))).status;
/** Writes the file, asks for it to be read, and waits until the log has that many lines more with these words. */
async function reload(text: string, words: string): Promise<string> {
  const before = larder.output().length;
  await writeFile(file, text);
  larder.signal("SIGHUP");
  const said = () => larder.output().slice(before);
  await until(`the log says "${words}"`, () => said().includes(words) && said().endsWith("\n"));
  return said();
}

test("a registry that is added is pulled through, and one that is taken away is not", async () => {
  expect([await pull(FIRST), await pull(SECOND)]).toEqual([200, 404]);
  const log = await reload(`upstreams: { ${SECOND}: { endpoint: '${other.url}' } }\n`, "were read again");
  expect(log).toContain(`upstreams.${SECOND}.endpoint`);
  expect(await pull(SECOND)).toBe(200);
  expect(await (await fetch(`${larder.url}/client/settings.json`)).json()).toMatchObject({
    standIns: expect.arrayContaining([SECOND]),
  });
  const asked = one.requests.length;
  await send("GET", withQuery(manifestUrl(larder.url, "team/other", "1"), "ns", FIRST));
  expect(one.requests).toHaveLength(asked);
});

test("a download goes on with the registry that it began with, and the next one goes to the new one", async () => {
  one.misbehave({ kind: "blob" }, { kind: "pause", afterBytes: 100_000 });
  const url = withQuery(blobUrl(larder.url, "team/app", blob.digest), "ns", FIRST);
  const response = await fetch(url);
  await until("half of the blob was sent", () => one.held() > 0);
  await reload(`upstreams: { ${FIRST}: { endpoint: '${other.url}' } }\n`, "were read again");
  one.release();
  expect(Bun.hash(await response.arrayBuffer())).toBe(Bun.hash(blob.bytes));
  expect(other.count({ kind: "blob" })).toBe(0);
  expect(await pull(FIRST)).toBe(200);
  expect(other.count({ kind: "manifest" })).toBeGreaterThan(0);
});

test("a file with mistakes changes nothing, and the log has every one with its line", async () => {
  const text = `upstreams: { ${SECOND}: { endpoint: 'nowhere' } }\nopne: true\n`;
  const log = await reload(text, "opne");
  expect(log).toContain("the settings stay as they are");
  expect(log).toContain("larder.yaml:1: ");
  expect(log).toContain("larder.yaml:2: ");
  expect(log).toContain("did you mean open?");
  expect([await pull(FIRST), await pull(SECOND)]).toEqual([200, 404]);
  await rm(file);
  larder.signal("SIGHUP");
  await until("the log says why", () => larder.output().includes("cannot read"));
  expect(await pull(FIRST)).toBe(200);
});

test("what needs a restart is named, and the rest is taken all the same", async () => {
  const text = `upstreams: { ${FIRST}: { endpoint: '${one.url}' } }\nopen: true\nhttps: ':0'\nlog: debug\noffline: true\n`;
  const log = await reload(text, "were read again");
  expect(log).toContain("a setting has changed that needs a restart setting=open");
  expect(log).toContain("a setting has changed that needs a restart setting=https");
  expect(log).toMatch(/taken="?log,offline/);
  expect(await pull(FIRST)).toBe(404);
  expect(one.requests).toEqual([]);
  await reload(text.replace("offline: true", "offline: false"), "taken=offline");
  expect(await pull(FIRST)).toBe(200);
  await until("it is told", () => larder.output().includes(" debug upstream answered"));
});
