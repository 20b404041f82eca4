import { beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshName, type Image, makeImage } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { startLarder } from "./larder-process.ts";
import { pushImage, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";
import { ask, expectPull, freshComponent, type Way } from "./ways-of-asking.ts";

const registry = registryUnderTest();

async function push(fullName: string, tag: string): Promise<Image> {
  const image = makeImage();
  await pushImage(registry.url, fullName, image, tag);
  return image;
}

describe("an image of docker.io is found", () => {
  const path = `library/${freshComponent()}`;
  const short = path.replace("library/", "");
  let image: Image;
  beforeAll(async () => {
    image = await push(`docker.io/${path}`, "1.0");
  });

  test.each<[string, Way]>([
    ["by ?ns=docker.io", { ns: "docker.io" }],
    ["by ?ns=registry-1.docker.io", { ns: "registry-1.docker.io" }],
    ["by ?ns=index.docker.io", { ns: "index.docker.io" }],
    ["by the host docker.io", { host: "docker.io" }],
    ["by the host docker.io:80", { host: "docker.io:80" }],
    ["by the host Docker.IO", { host: "Docker.IO" }],
    ["by the host registry-1.docker.io", { host: "registry-1.docker.io" }],
    ["by the host index.docker.io", { host: "index.docker.io" }],
    ["by the prefix docker.io/", { prefix: "docker.io/" }],
    ["by the prefix registry-1.docker.io/", { prefix: "registry-1.docker.io/" }],
    ["by the path /docker.io/v2/", { before: "/docker.io" }],
    ["by the path /registry-1.docker.io/v2/", { before: "/registry-1.docker.io" }],
    ["by a host that larder does not stand in for", { host: "registry.lan:5000" }],
    ["unqualified, as Docker's registry-mirrors asks", {}],
    ["by ?ns= against another Host, since ns comes first", { ns: "docker.io", host: "quay.io" }],
  ])("%s", async (_how, way) => {
    await expectPull(registry.url, way, path, "1.0", image);
  });

  test("by its short name, unqualified", async () => {
    await expectPull(registry.url, {}, short, "1.0", image);
  });

  test.each<[string, Way]>([
    ["?ns=quay.io", { ns: "quay.io" }],
    ["the host quay.io", { host: "quay.io" }],
    ["the prefix quay.io/", { prefix: "quay.io/" }],
    ["the path /quay.io/v2/", { before: "/quay.io" }],
  ])("but not by %s: 404 that names the namespace", async (_how, way) => {
    const reply = await ask(registry.url, way, `${path}/manifests/1.0`);
    const [error] = expectError(reply, 404);
    expect(error?.message).toContain("quay.io");
    for (const blob of image.blobs) {
      expect((await ask(registry.url, way, `${path}/blobs/${blob.digest}`, "HEAD")).status).toBe(404);
    }
  });
});

describe("OCI-Namespace", () => {
  test("names the namespace in answers to ?ns=", async () => {
    const path = `team/${freshComponent()}`;
    const image = await push(`quay.io/${path}`, "1.0");
    for (const tail of [`manifests/1.0`, `manifests/${image.manifest.digest}`, `blobs/${image.blobs[0]?.digest}`]) {
      for (const method of ["GET", "HEAD"]) {
        const reply = await ask(registry.url, { ns: "quay.io" }, `${path}/${tail}`, method);
        expect(reply.headers.get("oci-namespace"), `${method} ${tail}`).toBe("quay.io");
      }
    }
  });
});

describe("two namespaces with the same path and tag", () => {
  test("never collide", async () => {
    const path = `team/${freshComponent()}`;
    const [docker, quay] = [await push(`docker.io/${path}`, "1.0"), await push(`quay.io/${path}`, "1.0")];
    for (const [host, image] of [
      ["docker.io", docker],
      ["quay.io", quay],
    ] as const) {
      await expectPull(registry.url, { ns: host }, path, "1.0", image);
      await expectPull(registry.url, { host }, path, "1.0", image);
      await expectPull(registry.url, { prefix: `${host}/` }, path, "1.0", image);
      await expectPull(registry.url, { before: `/${host}` }, path, "1.0", image);
    }
    for (const blob of quay.blobs) {
      expect((await ask(registry.url, { ns: "docker.io" }, `${path}/blobs/${blob.digest}`)).status).toBe(404);
    }
    expect((await ask(registry.url, { ns: "docker.io" }, `${path}/manifests/${quay.manifest.digest}`)).status).toBe(
      404,
    );
  });

  test("are deleted apart", async () => {
    const path = `team/${freshComponent()}`;
    const [, quay] = [await push(`docker.io/${path}`, "1.0"), await push(`quay.io/${path}`, "1.0")];
    expect((await ask(registry.url, { prefix: "docker.io/" }, `${path}/manifests/1.0`, "DELETE")).status).toBe(202);
    expect((await ask(registry.url, { ns: "docker.io" }, `${path}/manifests/1.0`)).status).toBe(404);
    await expectPull(registry.url, { ns: "quay.io" }, path, "1.0", quay);
  });
});

describe("what was pushed under larder's own address", () => {
  test("answers for every host", async () => {
    const path = `team/${freshComponent()}`;
    const image = await push(path, "1.0");
    const ways: Way[] = [{}, { ns: "quay.io" }, { host: "ghcr.io" }, { prefix: "docker.io/" }, { before: "/quay.io" }];
    for (const way of ways) await expectPull(registry.url, way, path, "1.0", image);
  });

  test("gives way to what was pushed under the host's name", async () => {
    const path = `team/${freshComponent()}`;
    const own = await push(path, "1.0");
    const quay = await push(`quay.io/${path}`, "1.0");
    await expectPull(registry.url, { ns: "quay.io" }, path, "1.0", quay);
    await expectPull(registry.url, { host: "quay.io" }, path, "1.0", quay);
    await expectPull(registry.url, {}, path, "1.0", own);
    await expectPull(registry.url, { host: "ghcr.io" }, path, "1.0", own);
  });

  test("wins over docker.io for a name without a host", async () => {
    const path = `team/${freshComponent()}`;
    await push(`docker.io/${path}`, "1.0");
    await expectPull(registry.url, {}, path, "1.0", await push(path, "1.0"));
  });
});

describe("a flat registry's names", () => {
  test("find what another namespace has under the very path", async () => {
    const path = freshComponent();
    const image = await push(`registry.k8s.io/${path}`, "3.9");
    await expectPull(registry.url, {}, path, "3.9", image);
  });

  test("prefer docker.io's library", async () => {
    const path = freshComponent();
    await push(`registry.k8s.io/${path}`, "3.9");
    await expectPull(registry.url, {}, path, "3.9", await push(`docker.io/library/${path}`, "3.9"));
  });

  test("do not reach through a host that was asked for", async () => {
    const path = freshComponent();
    await push(`registry.k8s.io/${path}`, "3.9");
    expectError(await ask(registry.url, { ns: "quay.io" }, `${path}/manifests/3.9`), 404);
    expectError(await ask(registry.url, { host: "docker.io" }, `library/${path}/manifests/3.9`), 404);
  });
});

describe("a host that larder does not stand in for", () => {
  test("is never contacted for ?ns=: a miss is a 404 that says so", async () => {
    const reply = await ask(registry.url, { ns: "registry.invalid" }, `${freshName()}/manifests/1.0`);
    const [error] = expectError(reply, 404);
    expect(error?.message).toContain("registry.invalid");
  });

  test("is stood in for once --stand-in names it, or a file of hosts does", async () => {
    const folder = await mkdtemp(join(tmpdir(), "larder-test-"));
    const file = join(folder, "hosts");
    await writeFile(file, "# hosts to stand in for\nregistry.one.example\n\n  registry.two.example  # the second\n");
    const larder = await startLarder({ arguments: ["--stand-in", "registry.corp.example", "--stand-in", file] });
    try {
      for (const host of ["registry.corp.example", "registry.one.example", "registry.two.example"]) {
        const image = makeImage();
        await pushImage(larder.url, `${host}/team/app`, image, "1.0");
        const reply = await send("GET", `${larder.url}/v2/team/app/manifests/1.0`, { headers: { Host: host } });
        expect(reply.bytes).toEqual(image.manifest.bytes);
      }
    } finally {
      await larder.stop();
      await rm(folder, { recursive: true });
    }
  });
});
