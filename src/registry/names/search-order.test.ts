import { expect, test } from "bun:test";
import { LOCAL, type Namespace, parseRepositoryPath } from "../../oci/repository-name.ts";
import { nameOf } from "../../oci/repository.ts";
import {
  candidateNames,
  candidatesOf,
  type MayPull,
  searchFor,
  type SearchOrder,
  upstreamRepositories,
} from "./search-order.ts";

const order: SearchOrder = {
  unqualified: ["docker.io"] as Namespace[],
  standIns: ["docker.io", "registry.k8s.io", "quay.io"] as Namespace[],
  localAnswersForAll: true,
};
const steps = (namespace: string, path: string, more: Partial<SearchOrder> = {}) =>
  Array.from(
    candidatesOf({ namespace: namespace as Namespace, path: parseRepositoryPath(path) }, { ...order, ...more }),
    ({ repository, accept }) => `${accept} ${nameOf(repository)}`,
  );

test("a registry's name: what was pushed under it, what was pushed to local, then its own", () => {
  expect(steps("quay.io", "coreos/etcd")).toEqual([
    "pushed quay.io/coreos/etcd",
    "pushed local/coreos/etcd",
    "upstream quay.io/coreos/etcd",
  ]);
});

test("docker.io's library is left out of names by people, and so it is in local", () => {
  expect(steps("docker.io", "library/nginx")).toEqual([
    "pushed docker.io/library/nginx",
    "pushed local/library/nginx",
    "pushed local/nginx",
    "upstream docker.io/library/nginx",
  ]);
});

test("local stays out of it when that is switched off", () => {
  expect(steps("docker.io", "library/nginx", { localAnswersForAll: false })).toEqual([
    "upstream docker.io/library/nginx",
  ]);
});

test("a name without a registry: local, docker.io's library, then whoever has just that path", () => {
  expect(steps("local", "pause")).toEqual([
    "stored local/pause",
    "upstream docker.io/library/pause",
    "stored registry.k8s.io/pause",
    "stored quay.io/pause",
  ]);
  expect(steps("local", "coreos/etcd")).toEqual([
    "stored local/coreos/etcd",
    "upstream docker.io/coreos/etcd",
    "stored registry.k8s.io/coreos/etcd",
    "stored quay.io/coreos/etcd",
  ]);
});

test("each repository is named once, and only what upstream may have is asked there", () => {
  const repository = { namespace: "quay.io" as Namespace, path: parseRepositoryPath("a/b") };
  const search = [...candidatesOf(repository, order)];
  expect(candidateNames(repository, search) as readonly string[]).toEqual(["quay.io/a/b", "local/a/b"]);
  expect(upstreamRepositories(search)).toEqual([repository]);
});

test("what whoever asks may not pull from is no step of their search, but what they were admitted to is", async () => {
  const repository = { namespace: LOCAL, path: parseRepositoryPath("coreos/etcd") };
  const seen = async (mayPull: MayPull) =>
    (await searchFor(repository, order, mayPull)).map((step) => nameOf(step.repository) as string);
  expect(await seen(undefined)).toEqual(Array.from(candidatesOf(repository, order), (step) => nameOf(step.repository)));
  expect(await seen(() => false)).toEqual(["local/coreos/etcd"]);
  expect(await seen(async ({ namespace }) => namespace === "quay.io")).toEqual([
    "local/coreos/etcd",
    "quay.io/coreos/etcd",
  ]);
});
