import { expect, test } from "bun:test";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { NODES_KEPT } from "../../storage/nodes.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { repositoryOf } from "../../oci/repository.ts";
import { ClientNodes, storedNodeOf } from "./client-nodes.ts";

const NGINX = repositoryOf("docker.io/library/nginx" as RepositoryName);
const APP = repositoryOf("local/app" as RepositoryName);
const CONTAINERD = new Headers({ "User-Agent": "containerd/v2.1.4" });
const INDEX = `sha256:${"a".repeat(64)}`;
const CHILD = `sha256:${"b".repeat(64)}`;

function lab() {
  const { nodes: store } = memoryMetadata();
  let nowMs = 1_000_000;
  let isFull = false;
  const attempt = <T>(_: string, write: () => Promise<T>) => (isFull ? Promise.resolve(null) : write());
  const open = () => new ClientNodes({ store, attempt, now: () => nowMs });
  const nodes = open();
  const manifest = (reference: string, digest: string, repository = NGINX, address = "10.0.0.3") =>
    nodes.noteManifest(address, CONTAINERD, { repository, source: "disk", bytes: 100, weight: 1 }, reference, digest);
  const passes = (ms: number) => void (nowMs += ms);
  return { store, nodes, open, manifest, passes, fill: (is: boolean) => void (isFull = is) };
}

test("what a runtime asks for one image is one pull: a tag, an index, a platform's manifest, blobs", () => {
  const { nodes, manifest, passes } = lab();
  manifest("1.27", INDEX);
  passes(500);
  manifest(CHILD, CHILD);
  nodes.noteBlob("10.0.0.3", CONTAINERD, { repository: NGINX, source: "upstream", bytes: 7, weight: 1 });
  const [node] = [...nodes.all()].map(storedNodeOf);
  expect(node).toEqual({
    address: "10.0.0.3",
    runtime: "containerd",
    runtimeVersion: "2.1.4",
    firstPullMs: 1_000_000,
    lastPullMs: 1_000_500,
    pulls: 1,
    hits: 2,
    misses: 1,
    stale: 0,
    bytes: 207,
    lastImage: "docker.io/library/nginx:1.27",
  });
});

test("another tag, another repository, and the same later, are other pulls", () => {
  const { nodes, manifest, passes } = lab();
  manifest("1.27", INDEX);
  manifest("1.28", INDEX);
  manifest("2", INDEX, APP);
  expect(nodes.find("10.0.0.3")).toMatchObject({ pulls: 3, lastImage: "local/app:2" });
  passes(11_000);
  manifest(CHILD, CHILD, APP);
  expect(nodes.find("10.0.0.3")).toMatchObject({ pulls: 4, lastImage: `local/app@${CHILD}` });
});

test("they outlive a restart, and what a full disk did not take is written later", async () => {
  const { nodes, open, manifest, fill, store } = lab();
  manifest("1", INDEX);
  fill(true);
  await nodes.save();
  expect(await store.list()).toEqual([]);
  fill(false);
  await nodes.save();
  const next = open();
  await next.start();
  expect([...next.all()].map(storedNodeOf)).toEqual([...nodes.all()].map(storedNodeOf));
});

test("nothing is written while nobody pulls", async () => {
  const { nodes, manifest, store } = lab();
  manifest("1", INDEX);
  await nodes.save();
  let writes = 0;
  store.put = async () => void writes++;
  await nodes.save();
  expect(writes).toBe(0);
});

test("however many addresses ask, those that asked last are kept, in bounds", () => {
  const { nodes, manifest, passes } = lab();
  for (let index = 0; index < NODES_KEPT * 3; index++) {
    manifest("1", INDEX, NGINX, `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
    passes(1);
  }
  expect(nodes.size).toBeLessThanOrEqual(NODES_KEPT);
  expect(nodes.find("10.0.0.0")).toBeNull();
  const last = NODES_KEPT * 3 - 1;
  expect(nodes.find(`10.0.${last >> 8}.${last & 255}`)).not.toBeNull();
});
