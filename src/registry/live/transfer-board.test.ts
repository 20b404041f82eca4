import { expect, test } from "bun:test";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Progress } from "./client-pull.ts";
import { type BeginningAnswer, TransferBoard } from "./transfer-board.ts";
import { TransferWatch } from "./transfer-watch.ts";

const NGINX = "docker.io/library/nginx" as RepositoryName;
const CLIENT = { who: null, from: "10.0.0.3", agent: { runtime: "containerd", version: "2.1.4" } };

function lab() {
  let nowMs = 1_000_000;
  const board = new TransferBoard(() => nowMs);
  const asked: string[] = [];
  const watch = new TransferWatch({
    board,
    downloads: () => [],
    imageOf: async (_, manifest) => {
      asked.push(manifest);
      return { layers: 3, sizeBytes: 700 };
    },
    elapsed: () => nowMs,
  });
  const begin = (more: Partial<BeginningAnswer> = {}, progress: { now: Progress | null } = { now: null }) =>
    board.begin({
      repository: NGINX,
      digest: "sha256:a",
      blobBytes: 100,
      sizeBytes: 100,
      source: "disk",
      client: CLIENT,
      connection: null,
      asked: { reference: "1.27", digest: "sha256:m" },
      progress: () => progress.now,
      ...more,
    });
  const look = () => watch.look().transfers;
  return { board, watch, begin, look, asked, passes: (ms: number) => void (nowMs += ms) };
}

test("the blobs that a node fetches of an image are one pull, with its layers", async () => {
  const { begin, look, passes, asked } = lab();
  const running = { now: { bytes: 30, isOver: false } };
  const end = begin({ digest: "sha256:a" });
  begin({ digest: "sha256:b", source: "upstream" }, running);
  end(100);
  look();
  await Promise.resolve();
  passes(1000);
  running.now = { bytes: 50, isOver: false };
  expect(look()).toEqual([
    {
      kind: "pull",
      id: "pull-1",
      repository: NGINX,
      client: CLIENT,
      startedAtMs: 1_000_000,
      reference: "1.27",
      source: "upstream",
      layers: 2,
      layersDone: 1,
      layersInAll: 3,
      bytes: 150,
      sizeBytes: 200,
      bytesPerSecond: 20,
      isDone: false,
    },
  ]);
  expect(asked).toEqual(["sha256:m"]);
});

test("a pull is done when nothing of it is on its way, and gone a little later", () => {
  const { begin, look, passes } = lab();
  const running = { now: { bytes: 100, isOver: true } };
  begin({}, running);
  expect(look()).toMatchObject([{ bytes: 100, layersDone: 1, isDone: true, bytesPerSecond: 0 }]);
  passes(3000);
  expect(look()).toHaveLength(1);
  passes(3000);
  expect(look()).toEqual([]);
});

test("the next answer on a connection says that the one before is over", () => {
  const { begin, look } = lab();
  begin({ connection: "10.0.0.3 4711" }, { now: null });
  begin({ connection: "10.0.0.3 4711", digest: "sha256:b" }, { now: { bytes: 1, isOver: false } });
  expect(look()).toMatchObject([{ bytes: 101, layersDone: 1, layers: 2 }]);
});

test("a blob that is fetched in pieces is one layer, and one that broke off is fetched anew", () => {
  const { begin, look } = lab();
  begin({ sizeBytes: 40 })(40);
  begin({ sizeBytes: 60 }, { now: { bytes: 20, isOver: false } });
  expect(look()).toMatchObject([{ bytes: 60, sizeBytes: 100, layers: 1, layersDone: 0 }]);
  const other = { repository: "quay.io/b" as RepositoryName };
  begin(other)(30);
  begin(other, { now: { bytes: 10, isOver: false } });
  expect(look()[1]).toMatchObject({ bytes: 10, sizeBytes: 100 });
});

test("two nodes that fetch the same are two pulls, and another image is another one", () => {
  const { begin, look, passes } = lab();
  begin();
  begin({ client: { ...CLIENT, from: "10.0.0.4" } });
  expect(look()).toHaveLength(2);
  begin({ repository: "quay.io/b" as RepositoryName })(100);
  passes(60_000);
  begin({ repository: "quay.io/b" as RepositoryName, asked: null });
  expect(look().map((one) => (one.kind === "pull" ? one.reference : null))).toEqual(["1.27", "1.27", null]);
});

test("however much begins while nobody looks, what is kept is bounded", () => {
  const { begin, watch } = lab();
  for (let index = 0; index < 20_000; index++) {
    const from = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
    begin({ client: { ...CLIENT, from }, connection: `${from} 1` });
  }
  for (let index = 0; index < 20_000; index++) begin({ connection: `10.0.0.3 ${index}` });
  const { transfers, more } = watch.look();
  expect(transfers.length + more).toBeLessThanOrEqual(2000);
  expect(transfers).toHaveLength(100);
});

test("a push is on its way until its body has come", () => {
  const { board, look, passes } = lab();
  let bytes = 5;
  const end = board.beginPush({ repository: NGINX, client: CLIENT, sizeBytes: 50, bytes: () => bytes });
  look();
  bytes = 25;
  passes(2000);
  expect(look()).toMatchObject([{ kind: "push", bytes: 25, sizeBytes: 50, bytesPerSecond: 10 }]);
  end();
  expect(look()).toEqual([]);
});
