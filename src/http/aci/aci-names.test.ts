import { beforeAll, describe, expect, test } from "bun:test";
import { Turns } from "../../lib/async/turns.ts";
import { type Namespace, parseRepositoryPath, repositoryName } from "../../oci/repository-name.ts";
import { digestOf } from "../../oci/digest.ts";
import { parseTag } from "../../oci/tag.ts";
import { HeldImages } from "../../registry/images/held-images.ts";
import type { ServedHosts } from "../../registry/names/locate.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { AciNames } from "./aci-names.ts";

const hosts: ServedHosts = {
  standsInFor: (namespace) => ["docker.io", "quay.io"].includes(namespace),
  isOwn: (namespace) => ["larder.lan:5000", "10.0.0.5:5000"].includes(namespace),
};
const HELD = ["local/team/app:1", "local/team/my--app:1", "quay.io/coreos/flannel:0.5.5", "docker.io/library/app:1"];
let names: AciNames;

beforeAll(async () => {
  const { manifests, tags, repositories } = memoryMetadata();
  for (const name of HELD) {
    const [namespace = "", ...rest] = name.replace(/:.*/, "").split("/");
    const bytes = new TextEncoder().encode(name);
    await manifests.putManifest(repositoryName(namespace as Namespace, parseRepositoryPath(rest.join("/"))), {
      manifest: { digest: digestOf(bytes), mediaType: "application/json", bytes },
      requiredBlobs: [],
      borrowFrom: [],
      requiredManifests: [],
      references: [],
      subject: null,
      tags: [parseTag(name.replace(/.*:/, ""))],
      kind: "pushed",
      isPart: false,
      atMs: 1,
    });
  }
  names = new AciNames(hosts, new HeldImages(tags, repositories, new Turns()), () => ["larder.lan"]);
});

/** `NAMESPACE/PATH:TAG as NAME:VERSION`. */
async function here(stem: string, host: string | null = "10.0.0.5:5000"): Promise<string | null> {
  return described(await names.findHere(stem, host));
}

function described(found: Awaited<ReturnType<AciNames["findHere"]>>): string | null {
  if (found === null) return null;
  const { repository, tag, name, version } = found;
  return `${repository.namespace}/${repository.path}:${tag} as ${name}:${version}`;
}

describe("an image that is here", () => {
  test("is named after its registry, or after larder when it was pushed here", async () => {
    expect(await here("flannel:0.5.5")).toBe("quay.io/coreos/flannel:0.5.5 as quay.io/coreos/flannel:0.5.5");
    expect(await here("coreos-flannel-0.5.5")).toBe("quay.io/coreos/flannel:0.5.5 as quay.io/coreos/flannel:0.5.5");
    expect(await here("team/app:1")).toBe("local/team/app:1 as 10.0.0.5/team/app:1");
    expect(await here("team/app:1", "unknown.lan")).toBe("local/team/app:1 as larder.lan/team/app:1");
    expect(await here("team/app:1", null)).toBe("local/team/app:1 as larder.lan/team/app:1");
  });

  test("has the very name and version that a full name asks for", async () => {
    expect(await here("quay.io/coreos/flannel:v0.5.5")).toBe(
      "quay.io/coreos/flannel:0.5.5 as quay.io/coreos/flannel:v0.5.5",
    );
    expect(await here("larder.lan/quay.io/coreos/flannel:0.5.5")).toEndWith(
      "as larder.lan/quay.io/coreos/flannel:0.5.5",
    );
    expect(await here("larder.lan/team/my-app:1")).toBe("local/team/my--app:1 as larder.lan/team/my-app:1");
    expect(await here("larder.lan:5000/team/app:1")).toEndWith("as larder.lan/team/app:1");
  });

  test("pushed here goes before one of a registry", async () => {
    expect(await here("app:1")).toStartWith("local/team/app:1");
    expect(await here("library/app:1")).toStartWith("docker.io/library/app:1");
  });

  test("is found by a short name only at its own registry's host, or at larder's", async () => {
    expect(await here("flannel:0.5.5", "quay.io")).toStartWith("quay.io/");
    expect(await here("flannel:0.5.5", "docker.io")).toBeNull();
  });
});

describe("an image that is not here", () => {
  const unseen = (stem: string, host = "10.0.0.5:5000") => described(names.nameUnseen(stem, host));

  test("is known by its full name, or a version at the host that was asked", () => {
    expect(unseen("quay.io/a/b:1")).toBe("quay.io/a/b:1 as quay.io/a/b:1");
    expect(unseen("a/b:1", "quay.io")).toBe("quay.io/a/b:1 as quay.io/a/b:1");
    expect(unseen("larder.lan/quay.io/a/b:1")).toBe("quay.io/a/b:1 as larder.lan/quay.io/a/b:1");
    expect(unseen("larder.lan/a:1", "quay.io")).toBe("local/a:1 as larder.lan/a:1");
    expect(unseen("docker.io/app:1")).toBe("docker.io/library/app:1 as docker.io/app:1");
    expect(unseen("quay.io/a/b")).toBe("quay.io/a/b:latest as quay.io/a/b:latest");
  });

  test("is not guessed from dashes, nor looked for at hosts that larder does not stand in for", () => {
    expect(unseen("a-b-1")).toBeNull();
    expect(unseen("evil.test/team/app:1")).toBeNull();
  });

  test("is refused by a name that is none", () => {
    for (const stem of ["quay.io/A:1", "quay.io/:1", "quay.io/a:", "a:b:c"]) expect(() => unseen(stem)).toThrow();
  });
});

test("only hosts that larder is or stands in for can be discovered, without their ports", () => {
  const hosts = ["quay.io", "Larder.lan:8443", "10.0.0.5:5000", "other.lan", "a b", null];
  expect(hosts.map((host) => names.discoverableHost(host))).toEqual([
    "quay.io",
    "larder.lan",
    "10.0.0.5",
    null,
    null,
    null,
  ]);
});
