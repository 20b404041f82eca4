/** Pushes, mounts, looks, removals, collections and crashes in random order, each step of their work in random order, too. */
import { expect, test } from "bun:test";
import { copyFileSync, existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { type Digest, digestOf } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { AsideStore } from "../storage/aside.ts";
import type { BlobStore } from "../storage/blobs.ts";
import { memoryMetadata } from "../storage/memory/metadata-memory.ts";
import type { MetadataStore } from "../storage/metadata.ts";
import { openSqliteMetadata } from "../storage/sqlite/metadata-sqlite.ts";
import { Collector } from "./collector.ts";
import type { Uploads } from "./push/uploads.ts";

const REPOSITORIES = ["local/a", "local/b"] as RepositoryName[];
const BLOBS = Array.from({ length: 2 }, (_, index) => digestOf(`blob ${index}`));
const SIZE = 5;
const GRACE_MS = 10;

/** Files of blobs: each step on them waits for its turn. */
class SteppedFiles {
  readonly files = new Set<Digest>();
  readonly #step: (what: string) => Promise<unknown>;

  constructor(step: (what: string) => Promise<unknown>) {
    this.#step = step;
  }

  async put(digest: Digest): Promise<void> {
    await this.#step("before the file is put");
    this.files.add(digest);
    await this.#step("after the file is put");
  }

  readonly store: BlobStore = {
    size: async (digest) => (this.files.has(digest) ? SIZE : null),
    read: async () => null,
    scan: async () => null,
    open: async () => null,
    put: async () => SIZE,
    putAll: async () => {},
    fileOf: async () => null,
    remove: async (digest) => {
      await this.#step("before the file is removed");
      const isHere = this.files.delete(digest);
      await this.#step("after the file is removed");
      return isHere;
    },
    list: () => this.#list(),
    writtenAtMs: async () => 0,
  };

  async *#list(): AsyncIterable<Digest> {
    for (const digest of this.files) {
      await this.#step("while files are listed");
      yield digest;
    }
  }
}

/** A run of larder, until it is killed. */
class Run {
  readonly #metadata: MetadataStore;
  readonly #files: SteppedFiles;
  readonly #collector: Collector;
  readonly #now: () => number;

  constructor(metadata: MetadataStore, files: SteppedFiles, now: () => number) {
    this.#metadata = metadata;
    this.#files = files;
    this.#now = now;
    const aside: AsideStore = {
      setAside: async (digest) => files.files.delete(digest),
      bringBack: async () => null,
      holds: async () => false,
      size: async () => null,
      giveUp: async () => false,
      list: async function* () {},
      totals: async () => ({ files: 0, damaged: 0, bytes: 0 }),
    };
    const uploads = { expire: async () => 0 } as unknown as Uploads;
    this.#collector = new Collector({
      ...metadata,
      blobs: files.store,
      aside,
      uploads,
      now,
      retention: null,
      guard: null,
    });
  }

  /** Relied on until the grace period after the answer has passed. */
  async push(repository: RepositoryName, digest: Digest): Promise<number> {
    const { transitions, links } = this.#metadata;
    return transitions.arrive(digest, async () => {
      await this.#files.put(digest);
      const atMs = this.#now();
      await links.linkBlob(repository, digest, SIZE, atMs);
      return atMs;
    });
  }

  async mount(repository: RepositoryName, digest: Digest): Promise<number | null> {
    const atMs = this.#now();
    if (!this.#files.files.has(digest)) return null;
    return (await this.#metadata.links.mountBlob(repository, digest, null, atMs)) === null ? null : atMs;
  }

  async touch(repository: RepositoryName, digest: Digest): Promise<number | null> {
    const { links } = this.#metadata;
    const link = await links.findLink([repository], digest);
    if (link === null || !this.#files.files.has(digest)) return null;
    const atMs = this.#now();
    await links.touchLink(repository, digest, atMs);
    // It may have gone between the look and the touch, as in a HEAD: then nothing is told.
    return (await links.findLink([repository], digest)) === null ? null : atMs;
  }

  async remove(repository: RepositoryName, digest: Digest): Promise<void> {
    await this.#metadata.links.unlinkBlob(repository, digest);
  }

  async collect(isAsked: boolean): Promise<void> {
    await this.#collector.collect({ graceMs: GRACE_MS, uploadExpiryMs: 1 }, isAsked ? {} : null);
  }

  /** What is recorded, and whether it is here. */
  isServed(repository: RepositoryName, digest: Digest): Promise<boolean> {
    return this.#metadata.links
      .findLink([repository], digest)
      .then((link) => link !== null && this.#files.files.has(digest));
  }

  async unrecorded(): Promise<readonly Digest[]> {
    return this.#metadata.collection.findUnrecorded([...this.#files.files]);
  }

  unlinked(): Promise<readonly Digest[]> {
    return this.#metadata.collection.listUnlinkedBlobs({ after: null, limit: 10 });
  }
}

const place = { repository: fc.constantFrom(...REPOSITORIES), digest: fc.constantFrom(...BLOBS) };
const STEP = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("push" as const), ...place }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("mount" as const, "touch" as const), ...place }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("remove" as const), ...place }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("collect" as const), isAsked: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("go on" as const), steps: fc.nat(6), passMs: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const) }) },
);
const STEPS = fc.array(STEP, { minLength: 10, maxLength: 60, size: "max" });
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

/** A store that can be opened again as a killed process has left it; null where nothing outlives one. */
type Reopen = (() => Promise<MetadataStore>) | null;

async function tryOut(
  steps: readonly Step[],
  scheduler: fc.Scheduler,
  first: MetadataStore,
  reopen: Reopen,
): Promise<void> {
  let [now, epoch] = [1000, 0];
  const pending = new Set<Promise<unknown>>();
  const removals = new Map<string, number>();
  /** Until when, by whose word, what is relied on. A removal ends that. */
  const relied = new Map<string, { repository: RepositoryName; digest: Digest; untilMs: number }>();
  let files = new SteppedFiles(stepsOf(0));
  let run = new Run(first, files, () => now);

  function stepsOf(own: number): (what: string) => Promise<unknown> {
    return async (what) => {
      await scheduler.schedule(Promise.resolve(what));
      // Nothing of a killed process goes on.
      if (own !== epoch) await new Promise(() => {});
    };
  }
  const begin = (work: Promise<unknown>): void => {
    const done = work.catch(() => {}).finally(() => pending.delete(done));
    pending.add(done);
  };
  const rely = (repository: RepositoryName, digest: Digest, answered: Promise<number | null>): void => {
    const key = `${repository} ${digest}`;
    const [own, before] = [epoch, removals.get(key)];
    const note = (atMs: number | null) => {
      // Who is answered while somebody removes it has nothing to rely on.
      if (own !== epoch || atMs === null || removals.get(key) !== before) return;
      relied.set(key, { repository, digest, untilMs: atMs + GRACE_MS });
    };
    begin(answered.then(note));
  };
  const goOn = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at++) {
      if (scheduler.count() > 0) await scheduler.waitOne();
      await setImmediate();
    }
  };
  const check = async (): Promise<void> => {
    for (const { repository, digest, untilMs } of relied.values()) {
      if (now <= untilMs) expect(await run.isServed(repository, digest)).toBe(true);
    }
  };
  for (const step of steps) {
    switch (step.kind) {
      case "push":
      case "mount":
      case "touch":
        rely(step.repository, step.digest, run[step.kind](step.repository, step.digest));
        break;
      case "remove": {
        const key = `${step.repository} ${step.digest}`;
        const forget = () => {
          relied.delete(key);
          removals.set(key, (removals.get(key) ?? 0) + 1);
        };
        forget();
        begin(run.remove(step.repository, step.digest).then(forget));
        break;
      }
      case "collect":
        begin(run.collect(step.isAsked));
        break;
      case "go on":
        await goOn(step.steps);
        now += step.passMs;
        await check();
        break;
      case "crash": {
        if (reopen === null) break;
        epoch++;
        const kept = files.files;
        files = new SteppedFiles(stepsOf(epoch));
        for (const digest of kept) files.files.add(digest);
        pending.clear();
        run = new Run(await reopen(), files, () => now);
        await check();
        break;
      }
    }
  }
  while (pending.size > 0) await goOn(1);
  await check();
  now += GRACE_MS + 1;
  for (let round = 0; round < 2; round++) {
    begin(run.collect(true));
    while (pending.size > 0) await goOn(1);
  }
  expect(await run.unlinked()).toEqual([]);
  expect(await run.unrecorded()).toEqual([]);
  expect([...files.files]).toEqual([]);
}

const RUNS = { numRuns: 60, interruptAfterTimeLimit: 20_000 };

test("in memory, nothing is taken that somebody relies on, and all else is", async () => {
  const property = fc.asyncProperty(STEPS, fc.scheduler(), (steps, scheduler) =>
    tryOut(steps, scheduler, memoryMetadata(), null),
  );
  await fc.assert(property, { ...RUNS, numRuns: 1000 });
}, 60_000);

test("in SQLite, nothing is taken that somebody relies on, and all else is, whenever larder is killed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-transitions-"));
  let [stores, opened] = [0, [] as MetadataStore[]];
  const property = fc.asyncProperty(STEPS, fc.scheduler(), async (steps, scheduler) => {
    let path = "";
    const open = async (): Promise<MetadataStore> => {
      const before = path;
      path = join(folder, `${stores++}.db`);
      for (const end of ["", "-wal"])
        if (existsSync(`${before}${end}`)) copyFileSync(`${before}${end}`, `${path}${end}`);
      const store = openSqliteMetadata(path);
      opened.push(store);
      return store;
    };
    try {
      await tryOut(steps, scheduler, await open(), open);
    } finally {
      for (const store of opened) await store.close();
      opened = [];
    }
  });
  await fc.assert(property, RUNS);
  await rm(folder, { recursive: true });
}, 60_000);
