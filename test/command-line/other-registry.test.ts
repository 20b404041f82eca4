/** The same verbs against a registry that is no larder: Debian's docker-registry, whose names are flat. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DockerRegistry, startDockerRegistry } from "../../src/upstream/docker-registry.fixture.ts";
import { requirement } from "../requirement.ts";
import { hostOf, nearName, publish, publishMulti } from "./test-site.ts";
import { runLarder } from "./run-larder.ts";

const lab = requirement("docker-registry");

describe.skipIf(!lab.met)("against another registry", () => {
  let source: DockerRegistry;
  let registry: DockerRegistry;
  let name: string;
  beforeAll(async () => {
    [source, registry] = await Promise.all([
      startDockerRegistry({ kind: "none" }),
      startDockerRegistry({ kind: "none" }),
    ]);
    name = nearName(source);
  });
  afterAll(() => Promise.all([source.stop(), registry.stop()]));
  const larder = (...argv: string[]) => runLarder(hostOf(registry.url), argv);

  test("cache copies from the image's registry, under the name without its host", async () => {
    const { images } = await publishMulti(source.url, "team/app", "1", ["linux/amd64", "linux/arm64"]);
    const image = `${name}/team/app:1`;
    expect((await larder("has", image)).status).toBe(1);
    const { status, output, errors } = await larder("cache", "--platform", "linux/arm64", image);
    expect(status, errors).toBe(0);
    const { manifest } = images["linux/arm64"] ?? {};
    expect(output).toContain(manifest?.digest ?? "-");
    expect((await larder("has", "--platform", "linux/arm64", image)).status).toBe(0);
    const rows = JSON.parse((await larder("ls", "--json")).output) as unknown[];
    expect(rows).toMatchObject([{ image: "team/app:1", platforms: ["linux/arm64"], kind: null }]);
  });

  test("cache by digest brings the whole index, which alone has that digest", async () => {
    const { index } = await publishMulti(source.url, "team/pinned", "1", ["linux/amd64", "linux/arm64"]);
    const image = `${name}/team/pinned@${index.digest}`;
    expect((await larder("cache", "--platform", "linux/amd64", image)).status).toBe(0);
    expect((await larder("has", "--all-platforms", image)).status).toBe(0);
    expect((await larder("inspect", "--raw", image)).output).toBe(new TextDecoder().decode(index.bytes));
  });

  test("inspect shows what people look for, of images that were pushed flat", async () => {
    const image = await publish(registry.url, "flat", "1");
    const { output } = await larder("inspect", "flat:1");
    expect(output).toContain(image.manifest.digest);
    expect(output).toContain('runs       /app "serve me"');
    expect((await larder("has", "flat:1", "docker.io/library/flat:1", "local/flat:1")).status).toBe(0);
  });

  test("rm removes by digest, and says that the digest's other tags go along", async () => {
    const image = await publish(registry.url, "gone", "1");
    const { status, errors } = await larder("rm", "gone:1");
    expect(status).toBe(0);
    expect(errors).toContain(`with every tag on ${image.manifest.digest}`);
    expect((await larder("has", "gone:1")).status).toBe(1);
    expect((await larder("rm", "gone:1")).status).toBe(1);
  });

  test("preload and missing work image by image", async () => {
    await publish(source.url, "team/web", "1");
    const folder = await mkdtemp(join(tmpdir(), "larder-other-registry-"));
    try {
      await Bun.write(join(folder, "images.txt"), `${name}/team/web:1\n`);
      expect(await larder("missing", folder)).toMatchObject({ status: 1, output: `${name}/team/web:1\n` });
      expect((await larder("preload", folder)).output).toContain("brought");
      expect(await larder("missing", folder)).toMatchObject({ status: 0, output: "" });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("larder's own powers are refused with a reason", async () => {
    for (const verb of ["gc", "stats", "offline"]) {
      const { status, errors } = await larder(verb);
      expect(status).toBe(1);
      expect(errors).toBe(`larder: ${verb} needs a larder; the registry at ${hostOf(registry.url)} is another one\n`);
    }
  });
});

describe.skipIf(!lab.met)("against another registry that asks for a password", () => {
  test("credentials come from --creds, or from a Docker config", async () => {
    const login = { username: "cook", password: "salt" };
    const registry = await startDockerRegistry({ kind: "basic", ...login });
    const home = await mkdtemp(join(tmpdir(), "larder-home-"));
    try {
      const address = hostOf(registry.url);
      const refused = await runLarder(address, ["ls"]);
      expect(refused.status).toBe(1);
      expect(refused.errors).toContain("401");
      expect((await runLarder(address, ["ls", "--creds", "cook:salt"])).status).toBe(0);
      const auth = btoa(`${login.username}:${login.password}`);
      await Bun.write(join(home, ".docker", "config.json"), JSON.stringify({ auths: { [address]: { auth } } }));
      const allowed = await runLarder(address, ["has", "app:1"], { HOME: home });
      expect(allowed.errors).toContain("is not at");
      expect(refused.errors + allowed.errors).not.toContain("salt");
    } finally {
      await registry.stop();
      await rm(home, { recursive: true, force: true });
    }
  });
});
