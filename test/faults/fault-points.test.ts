/**
 * larder is killed, and refused by the disk, at each of the steps that others rely on (`lib/files/fault-point.ts`), in each
 * of its operations: some hundred runs. `LARDER_TEST_FAULT_RUNS=all` also takes the later passes of points that an operation passes
 * often, and every kind of refusal.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FAULT_POINTS } from "../../src/lib/files/fault-point.ts";
import { descriptorOf, makeBlob, makeImage, TYPE } from "../conformance/content-factory.ts";
import type { LarderProcess } from "../conformance/larder-process.ts";
import { blobUrl, manifestUrl, pushImage, send, withQuery } from "../conformance/registry-client.ts";
import { MisbehavingUpstream } from "./misbehaving-upstream.ts";
import { runLarder } from "./larder-command.ts";
import { HOST } from "./pull-through.ts";
import {
  collect,
  Ledger,
  type NamedImage,
  type Operation,
  type Passes,
  PreparedOperation,
  verify,
} from "./store-under-fault.ts";

const RUNS_ALL = Bun.env["LARDER_TEST_FAULT_RUNS"] === "all";
const AT_ONCE = 4;
const own = (path: string, tag: string): NamedImage => ({ path, tag, image: makeImage(), ns: null });

async function push(larder: LarderProcess, ledger: Ledger, one: NamedImage): Promise<void> {
  ledger.unsure(one);
  await pushImage(larder.url, one.path, one.image, one.tag);
  ledger.here(one);
}

async function remove(larder: LarderProcess, ledger: Ledger, one: NamedImage): Promise<void> {
  ledger.unsure(one);
  const name = `${one.ns ?? "local"}/${one.path}:${one.tag}`;
  const { status, text } = await send("DELETE", `${larder.url}/api/v1/images/${name}`);
  if (status !== 200 && status !== 404) throw new Error(text);
  ledger.gone(one);
}

async function pull(larder: LarderProcess, ledger: Ledger, one: NamedImage): Promise<void> {
  const ns = (url: string) => withQuery(url, "ns", HOST);
  const manifest = await send("GET", ns(manifestUrl(larder.url, one.path, one.tag)));
  if (manifest.status !== 200) throw new Error(manifest.text);
  for (const { digest } of one.image.blobs) {
    const { status, text } = await send("GET", ns(blobUrl(larder.url, one.path, digest)));
    if (status !== 200) throw new Error(text);
  }
  ledger.here(one);
}

const kept = own("team/kept", "1");
const moved = { ...kept, image: makeImage() };
const fresh = own("team/fresh", "1");
const old = own("team/old", "1");
const cached: NamedImage = { path: "up/app", tag: "1", image: makeImage(), ns: HOST };

/** Tags of the repository of `old`, which is newer. */
const expiring = ["a", "b", "c"].map((tag) => own(old.path, tag));
/** What had the tag of `old` before it. */
const leftBehind = [own(old.path, old.tag), own(old.path, old.tag)];

/** Of the layers three fit beside the database, whatever its log has come to, which is cut at 4 MB. */
const LAYER_BYTES = 6 << 20;
const MAX_SIZE = "24MiB";
/** What was pulled longest ago is pinned; for what comes the next ones have to go. */
const pinned = large("up/pinned", "1");
const evicted: readonly NamedImage[] = ["a", "b", "c"].map((tag) => large("up/large", tag));
const coming = large("up/large", "d");

function large(path: string, tag: string): NamedImage {
  const layer = makeBlob(LAYER_BYTES);
  const { manifest, blobs } = makeImage({ layers: [descriptorOf(layer, TYPE.layer)] });
  return { path, tag, image: { manifest, blobs: [...blobs.slice(0, 1), layer] }, ns: HOST };
}

async function post(larder: LarderProcess, path: string, body: unknown): Promise<string> {
  const headers = { "Content-Type": "application/json" };
  const { status, text } = await send("POST", `${larder.url}${path}`, { headers, body: JSON.stringify(body) });
  if (status !== 200) throw new Error(`${path} was answered ${status}: ${text}`);
  return text;
}

/** Backups that were not what was said of them. */
const whole: string[] = [];

const OPERATIONS: readonly Operation[] = [
  {
    name: "a push",
    prepare: (larder) => prepared(larder, [kept]),
    run: (larder, ledger) => push(larder, ledger, fresh),
  },
  {
    name: "a push that moves a tag",
    prepare: (larder) => prepared(larder, [kept]),
    run: (larder, ledger) => push(larder, ledger, moved),
  },
  {
    name: "a pull-through",
    prepare: async (larder, upstream) => {
      upstream.addImage(cached.image, cached.tag);
      return prepared(larder, [kept]);
    },
    run: (larder, ledger) => pull(larder, ledger, cached),
  },
  {
    name: "a removal",
    prepare: (larder) => prepared(larder, [kept, old]),
    run: (larder, ledger) => remove(larder, ledger, old),
  },
  {
    name: "a collection",
    prepare: async (larder) => {
      const images = await prepared(larder, [kept, old]);
      await send("DELETE", `${larder.url}/api/v1/images/local/${old.path}:${old.tag}`);
      return images.filter((one) => one !== old);
    },
    run: (larder) => collect(larder),
  },
  {
    name: "a verification that heals",
    prepare: async (larder, upstream) => {
      upstream.addImage(cached.image, cached.tag);
      const images = await prepared(larder, [kept]);
      await pull(larder, new Ledger([]), cached);
      const [, layer] = cached.image.blobs;
      const hex = layer?.digest.slice(7) ?? "";
      const path = join(larder.dataFolder, "blobs", "sha256", hex.slice(0, 2), hex);
      await writeFile(path, "x".repeat(layer?.bytes.byteLength ?? 0));
      return [...images, cached];
    },
    run: async (larder) => void (await verify(larder)),
    settle: async (larder) => void (await verify(larder)),
  },
  {
    name: "a backup",
    prepare: (larder) => prepared(larder, [kept, old]),
    run: backUp,
  },
  {
    name: "an eviction",
    environment: { LARDER_MAX_SIZE: MAX_SIZE, LARDER_KEEP_FREE: "0" },
    prepare: async (larder, upstream) => {
      const ledger = new Ledger([]);
      for (const one of [pinned, ...evicted, coming]) upstream.addImage(one.image, one.tag);
      for (const one of [pinned, ...evicted]) await pull(larder, ledger, one);
      await post(larder, "/api/v1/pins", { pin: `${HOST}/${pinned.path}:${pinned.tag}` });
      return [...(await prepared(larder, [kept])), pinned];
    },
    run: async (larder, ledger) => {
      await pull(larder, ledger, coming);
      const { text } = await send("GET", `${larder.url}/api/v1/images?namespace=${HOST}`);
      if (evicted.every(({ tag }) => text.includes(`/large:${tag}"`))) throw new Error("nothing was evicted");
    },
  },
  {
    name: "a run of retention",
    environment: {
      LARDER_RETENTION_RULES: JSON.stringify([{ pattern: "team/old", keepLast: 1 }]),
      LARDER_RETENTION_WAIT: "0s",
    },
    prepare: (larder) => prepared(larder, [kept, ...expiring, old]),
    run: async (larder, ledger) => {
      for (const one of expiring) ledger.unsure(one);
      const lines = await post(larder, "/api/v1/retentions", { dryRun: false });
      if (!lines.includes('"kind":"done"')) throw new Error(lines);
      for (const one of expiring) ledger.gone(one);
    },
  },
  {
    name: "a removal of what a tag left behind",
    environment: { LARDER_UNTAGGED_PUSHED: "1s" },
    prepare: async (larder) => {
      for (const one of leftBehind) await pushImage(larder.url, one.path, one.image, one.tag);
      const images = await prepared(larder, [kept, old]);
      await Bun.sleep(1500);
      return images;
    },
    run: async (larder, ledger) => {
      await collect(larder);
      for (const one of leftBehind) ledger.gone({ ...one, tag: one.image.manifest.digest });
    },
  },
];

async function prepared(larder: LarderProcess, images: readonly NamedImage[]): Promise<readonly NamedImage[]> {
  for (const { path, tag, image } of images) await pushImage(larder.url, path, image, tag);
  return images;
}

/** What says that it is whole is whole, whatever became of larder meanwhile. */
async function backUp(larder: LarderProcess): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "larder-fault-backup-"));
  try {
    const { status, errors } = await runLarder(larder.url, "backup", "--copy", folder);
    const program = join(import.meta.dir, "..", "..", "larder");
    const check = Bun.spawn([program, "backup", "--check", folder], { stdout: "ignore", stderr: "ignore" });
    const isWhole = (await check.exited) === 0;
    if (isWhole !== (status === 0)) whole.push(`a backup ended with ${status} (${errors}), and is whole: ${isWhole}`);
    if (status !== 0) throw new Error(errors);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe.each(OPERATIONS.map((operation) => [operation.name, operation] as const))("%s", (_, operation) => {
  let upstream: MisbehavingUpstream;
  let store: PreparedOperation;
  let passes: ReadonlyMap<string, Passes>;
  beforeAll(async () => {
    upstream = await MisbehavingUpstream.start();
    store = await PreparedOperation.make(operation, upstream);
    passes = await store.countPasses();
  }, 60_000);
  afterAll(async () => {
    await store.remove();
    await upstream.stop();
  });

  test("passes points that are in the list, and some of them", () => {
    const known: readonly string[] = FAULT_POINTS;
    expect([...passes.keys()].filter((point) => !known.includes(point))).toEqual([]);
    expect(passes.get("database.commit")?.all).toBeGreaterThan(2);
  });

  afterAll(() => expect(whole).toEqual([]));

  test("survives kill -9 before each step", async () => {
    const all = faults(passes, RUNS_ALL ? 100 : 6, ["kill"]);
    let killed = 0;
    await forEach(all, async (fault) => {
      if (await store.failAt(fault)) killed++;
    });
    // What is done at once is done in one step or in two, by chance: the last passes of a point need not come.
    expect(killed).toBeGreaterThan(all.length * 0.7);
  }, 600_000);

  test("survives a disk that refuses each step", async () => {
    const codes = RUNS_ALL ? ["EIO", "ENOSPC", "EROFS"] : ["EIO"];
    await forEach(faults(passes, RUNS_ALL ? 100 : 4, codes), (fault) => store.failAt(fault));
  }, 600_000);
});

/** `POINT@N=WHAT` for the first pass of each point at the start, and for the last ones of the operation: they are what counts. */
function faults(passes: ReadonlyMap<string, Passes>, most: number, codes: readonly string[]): readonly string[] {
  return [...passes].flatMap(([point, { start, all }]) => {
    const own = Array.from({ length: Math.min(all - start, most) }, (_, index) => all - index);
    const times = start > 0 ? [1, ...own] : own;
    return times.flatMap((time) => codes.map((code) => `${point}@${time}=${code}`));
  });
}

/** Does all, some at once; those that fail are named. */
async function forEach(faults: readonly string[], run: (fault: string) => Promise<unknown>): Promise<void> {
  const rest = [...faults];
  const failures: string[] = [];
  const work = async (): Promise<void> => {
    for (let fault = rest.shift(); fault !== undefined; fault = rest.shift()) {
      const named = fault;
      await run(named).catch((error: unknown) => {
        failures.push(`${named}: ${error instanceof Error ? error.message : String(error)}`);
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(failures).toEqual([]);
}
