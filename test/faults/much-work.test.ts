/** Clients without any rights may have larder look at much: others are answered meanwhile, and who leaves is forgotten. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { digestOf, makeManifest, missingDigest, TYPE } from "../conformance/content-factory.ts";
import { send } from "../conformance/registry-client.ts";
import { HOST, PATH, PullThrough } from "./pull-through.ts";
import { until } from "../until.ts";

const LAYERS = 28_000;
const JSON_TYPE = { "Content-Type": "application/json" };

let lab: PullThrough;
beforeAll(async () => {
  lab = await PullThrough.start();
});
afterAll(() => lab.stop());

/** A manifest at upstream that names thousands of layers, none of which is anywhere. */
function publishHuge(tag: string): void {
  const layers = Array.from({ length: LAYERS }, (_, index) => {
    return { mediaType: TYPE.layer, digest: digestOf(`${tag} ${index}`), size: 1 };
  });
  const config = { mediaType: TYPE.config, digest: missingDigest(), size: 1 };
  const manifest = makeManifest({ schemaVersion: 2, mediaType: TYPE.manifest, config, layers });
  lab.upstream.addImage({ manifest, blobs: [] }, tag);
}

/** A larder that does all of its work in one turn answers those who ask meanwhile once, when it is done. */
const SEVERAL = 3;

/** How often others were answered while something was going on. */
async function answeredDuring(work: Promise<unknown>): Promise<number> {
  const progress = { isOver: false };
  const over = () => {
    progress.isOver = true;
  };
  work.then(over, over);
  let answered = 0;
  for (; !progress.isOver; answered++) expect((await send("GET", `${lab.larder.url}/v2/`)).status).toBe(200);
  await work;
  return answered;
}

const has = (tags: readonly string[], signal?: AbortSignal) =>
  fetch(`${lab.larder.url}/api/v1/checks`, {
    method: "POST",
    headers: JSON_TYPE,
    body: JSON.stringify({ images: tags.map((tag) => ({ image: `${HOST}/${PATH}:${tag}`, platforms: "all" })) }),
    ...(signal === undefined ? {} : { signal }),
  });

describe("a manifest of 28,000 layers", () => {
  test("is fetched, looked at and listed while others are answered", async () => {
    publishHuge("huge");
    const first = lab.manifest("huge");
    expect(await answeredDuring(first)).toBeGreaterThan(SEVERAL);
    expect((await first).status).toBe(200);
    const asked = has(Array.from({ length: 20 }, () => "huge"));
    expect(await answeredDuring(asked)).toBeGreaterThan(SEVERAL);
    const { images } = (await (await asked).json()) as { images: { state: string; missing: string[] }[] };
    expect(images).toHaveLength(20);
    for (const { state, missing } of images) expect([state, missing.length]).toEqual(["incomplete", 10]);
    expect(await answeredDuring(send("GET", `${lab.larder.url}/api/v1/images`))).toBeGreaterThan(SEVERAL);
    const inspected = send("GET", `${lab.larder.url}/api/v1/images/${HOST}/${PATH}:huge`);
    expect(await answeredDuring(inspected)).toBeGreaterThan(SEVERAL);
    expect(JSON.parse((await inspected).text)).toMatchObject({ layers: { length: LAYERS } });
  }, 60_000);

  test("is looked at for so many at once; who leaves makes room, and is nothing to tell of", async () => {
    publishHuge("crowd");
    await lab.manifest("crowd");
    const clients = Array.from({ length: 80 }, () => new AbortController());
    const answers = clients.map(({ signal }) =>
      has(["crowd"], signal).then(
        ({ status }) => status,
        () => 0,
      ),
    );
    expect(await Promise.any(answers.map(async (one) => ((await one) === 503 ? 503 : Promise.reject())))).toBe(503);
    for (const client of clients) client.abort();
    await Promise.all(answers);
    await until("somebody else is answered", async () => (await has([])).status === 200);
    expect(lab.larder.output()).not.toContain("a request failed");
  }, 60_000);
});
