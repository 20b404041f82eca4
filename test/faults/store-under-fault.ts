/** A data folder on which larder is made to fail at a fault point, and what must hold of it afterwards. */
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "bun:test";
import { digestOf, type Image } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { blobUrl, manifestUrl, send } from "../conformance/registry-client.ts";
import type { MisbehavingUpstream } from "./misbehaving-upstream.ts";
import { HOST } from "./pull-through.ts";

/** The status of a process that `kill -9` ended. */
const SIGKILLED = 137;

/** An image under a name: `ns` is its registry, null for larder's own. */
export type NamedImage = {
  readonly path: string;
  readonly tag: string;
  readonly image: Image;
  readonly ns: string | null;
};

/** What a client was told, or was there before: `here` must be whole, `gone` must be gone. Nothing else is known for sure. */
export class Ledger {
  readonly #here = new Map<string, NamedImage>();
  readonly #gone = new Map<string, NamedImage>();

  constructor(here: readonly NamedImage[]) {
    for (const one of here) this.here(one);
  }

  here(one: NamedImage): void {
    this.#here.set(keyOf(one), one);
    this.#gone.delete(keyOf(one));
  }

  gone(one: NamedImage): void {
    this.#gone.set(keyOf(one), one);
    this.#here.delete(keyOf(one));
  }

  /** Something was begun of which the end is not known yet. */
  unsure(one: NamedImage): void {
    this.#here.delete(keyOf(one));
    this.#gone.delete(keyOf(one));
  }

  get known(): { readonly here: readonly NamedImage[]; readonly gone: readonly NamedImage[] } {
    return { here: [...this.#here.values()], gone: [...this.#gone.values()] };
  }
}

/** How often a point is passed when larder has started, and when the operation has ended. */
export type Passes = { readonly start: number; readonly all: number };

/** What is done to a store while it fails. It notes in the ledger what it is told, and throws what its client would. */
export type Operation = {
  readonly name: string;
  /** Settings that the operation is done under, as variables; the store is prepared without them. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Makes the store that the operation begins with, and says what is in it. */
  prepare(larder: LarderProcess, upstream: MisbehavingUpstream): Promise<readonly NamedImage[]>;
  run(larder: LarderProcess, ledger: Ledger, upstream: MisbehavingUpstream): Promise<void>;
  /** What larder does by itself in time, before all has to be right; absent: nothing. */
  readonly settle?: (larder: LarderProcess) => Promise<void>;
};

/** An operation with its store, which is prepared once and copied for each run. */
export class PreparedOperation {
  readonly operation: Operation;
  readonly upstream: MisbehavingUpstream;
  readonly #folder: string;
  readonly #images: readonly NamedImage[];

  private constructor(
    operation: Operation,
    upstream: MisbehavingUpstream,
    folder: string,
    images: readonly NamedImage[],
  ) {
    this.operation = operation;
    this.upstream = upstream;
    this.#folder = folder;
    this.#images = images;
  }

  static async make(operation: Operation, upstream: MisbehavingUpstream): Promise<PreparedOperation> {
    const folder = await mkdtemp(join(tmpdir(), "larder-fault-"));
    const larder = await start(join(folder, "prepared"), upstream, {});
    const images = await operation.prepare(larder, upstream);
    await larder.stop();
    await rm(join(folder, "prepared", "reserve"), { force: true });
    return new PreparedOperation(operation, upstream, folder, images);
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Which passes of each fault point are the start's, and which the operation's. */
  async countPasses(): Promise<ReadonlyMap<string, Passes>> {
    const path = join(this.#folder, "counts.json");
    const data = await this.#copy();
    const larder = await this.#start(data, { LARDER_FAULT: "count", LARDER_FAULT_COUNTS: path });
    const before = await readCounts(path);
    await this.operation.run(larder, new Ledger(this.#images), this.upstream);
    const after = await readCounts(path);
    await larder.stop();
    await rm(data, { recursive: true });
    return new Map(Object.entries(after).map(([point, to]) => [point, { start: before[point] ?? 0, all: to }]));
  }

  /**
   * Does the operation on a larder that fails once, as `fault` says. Afterwards, in that process if it lives and in a new one,
   * what was acknowledged is there whole, nothing else is there in part, the operation can be done, and all its space is
   * given back when everything is removed. Returns whether the process was killed.
   */
  async failAt(fault: string): Promise<boolean> {
    const ledger = new Ledger(this.#images);
    const data = await this.#copy();
    const larder = await this.#start(data, { LARDER_FAULT: fault }).catch(() => null);
    if (larder !== null) {
      await this.operation.run(larder, ledger, this.upstream).catch(() => {});
      if (!fault.endsWith("=kill")) {
        await this.operation.settle?.(larder);
        await expectSound(larder, ledger);
      }
    }
    const isKilled = larder === null || (await larder.stop()) === SIGKILLED;
    const next = await this.#start(data, {});
    try {
      await this.operation.settle?.(next);
      await expectSoundByItself(next, ledger);
      await this.operation.run(next, ledger, this.upstream);
      await expectSoundByItself(next, ledger);
      await this.#expectAllGivenBack(next);
    } finally {
      await next.kill();
      await rm(data, { recursive: true, force: true });
    }
    return isKilled;
  }

  async #expectAllGivenBack(larder: LarderProcess): Promise<void> {
    // A manifest whose tag was moved is in no list of tags.
    for (const { path, ns, image } of this.#images) {
      await send("DELETE", `${larder.url}/api/v1/images/${ns ?? "local"}/${path}@${image.manifest.digest}`);
    }
    for (const name of await listedNames(larder)) {
      const { status, text } = await send("DELETE", `${larder.url}/api/v1/images/${name}`);
      expect({ name, status, text: status === 200 ? "" : text }).toEqual({ name, status: 200, text: "" });
    }
    await collect(larder);
    const left = await readdir(join(larder.dataFolder, "blobs"), { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([]);
  }

  #start(data: string, environment: Readonly<Record<string, string>>): Promise<LarderProcess> {
    return start(data, this.upstream, { ...this.operation.environment, ...environment });
  }

  async #copy(): Promise<string> {
    const data = await mkdtemp(join(this.#folder, "run-"));
    await cp(join(this.#folder, "prepared"), data, { recursive: true, preserveTimestamps: true });
    return data;
  }
}

async function readCounts(path: string): Promise<Readonly<Record<string, number>>> {
  return (await Bun.file(path).json()) as Record<string, number>;
}

function start(dataFolder: string, upstream: MisbehavingUpstream, environment: Readonly<Record<string, string>>) {
  const more = ["--upstream", `${HOST}=${upstream.url}`, "--open", "--log-level", "error"];
  return startLarder({ dataFolder, arguments: more, environment });
}

/**
 * Nothing is asked of upstream meanwhile, which would make good for what is missing. A cached image that nobody was given
 * whole may be here in part.
 */
async function expectSoundByItself(larder: LarderProcess, ledger: Ledger): Promise<void> {
  const acknowledged = new Set(ledger.known.here.map(keyOf));
  await switchOffline(larder, true);
  await expectSound(larder, ledger, (name) => !name.startsWith(`${HOST}/`) || acknowledged.has(name));
  await switchOffline(larder, false);
}

async function switchOffline(larder: LarderProcess, offline: boolean): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ offline });
  const { status, text } = await send("PUT", `${larder.url}/api/v1/settings/offline`, { headers, body });
  if (status !== 200) throw new Error(`larder was not switched: ${status} ${text}`);
}

async function expectSound(
  larder: LarderProcess,
  ledger: Ledger,
  mustBeWhole: (name: string) => boolean = () => true,
): Promise<void> {
  const { here, gone } = ledger.known;
  expect((await send("GET", `${larder.url}/readyz`)).status).toBe(200);
  for (const one of here) {
    expect(await manifestOf(larder, one, one.tag), `${keyOf(one)} was acknowledged`).toBe(one.image.manifest.digest);
  }
  for (const one of gone) expect(await manifestOf(larder, one, one.tag), `${keyOf(one)} was removed`).toBeNull();
  await expectWhole(larder, (await listedNames(larder)).filter(mustBeWhole));
  expect(await verify(larder)).toEqual({ end: "done", wrong: [] });
}

/** Whatever a list names can be pulled, byte for byte. */
async function expectWhole(larder: LarderProcess, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const colon = name.lastIndexOf(":");
    const [repository, tag] = [name.slice(0, colon), name.slice(colon + 1)];
    const manifest = await send("GET", manifestUrl(larder.url, repository, tag));
    expect([name, manifest.status]).toEqual([name, 200]);
    const { config, layers } = JSON.parse(manifest.text) as { config: Part; layers: readonly Part[] };
    for (const { digest } of [config, ...layers]) {
      const { status, bytes } = await send("GET", blobUrl(larder.url, repository, digest));
      expect([name, status, digestOf(bytes)]).toEqual([name, 200, digest]);
    }
  }
}

type Part = { readonly digest: string };

/** The full names of all tags. */
async function listedNames(larder: LarderProcess): Promise<readonly string[]> {
  const { repositories } = (await json(`${larder.url}/v2/_catalog?n=1000`)) as { repositories: readonly string[] };
  const lists = await Promise.all(
    repositories.map(async (repository) => {
      const { tags } = (await json(`${larder.url}/v2/${repository}/tags/list`)) as { tags: readonly string[] };
      return tags.map((tag) => `${repository}:${tag}`);
    }),
  );
  return lists.flat();
}

/** Gives back all that nothing holds, without any grace. */
export async function collect(larder: LarderProcess): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ graceMs: 0 });
  const { status, text } = await send("POST", `${larder.url}/api/v1/collections`, { headers, body });
  if (status !== 200) throw new Error(`a collection was answered ${status}: ${text}`);
}

/** What reading every file comes to. */
export async function verify(larder: LarderProcess): Promise<{ end: string; wrong: readonly string[] }> {
  const headers = { "Content-Type": "application/json" };
  const { text } = await send("POST", `${larder.url}/api/v1/verifications`, { headers, body: "{}" });
  const lines = text.trim().split("\n");
  const kinds = lines.map((line) => (JSON.parse(line) as { kind: string }).kind);
  return { end: kinds.at(-1) ?? "", wrong: lines.filter((_, at) => !["progress", "done"].includes(kinds[at] ?? "")) };
}

/** The digest of the manifest that a reference leads to; null when there is none. */
async function manifestOf(larder: LarderProcess, { path, ns }: NamedImage, reference: string): Promise<string | null> {
  const query = ns === null ? "" : `?ns=${ns}`;
  const { status, bytes } = await send("GET", `${manifestUrl(larder.url, path, reference)}${query}`);
  return status === 200 ? digestOf(bytes) : null;
}

async function json(url: string): Promise<unknown> {
  const { status, text } = await send("GET", url);
  if (status !== 200) throw new Error(`${url} was answered ${status}: ${text}`);
  return JSON.parse(text);
}

function keyOf({ path, tag, ns }: NamedImage): string {
  return `${ns ?? "local"}/${path}:${tag}`;
}
