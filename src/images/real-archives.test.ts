import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { requirement } from "../../test/requirement.ts";
import { digestOf } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { ContainerTools } from "./container-tools.fixture.ts";
import { copyEverything, openFileSink, openFileSource } from "./transports.fixture.ts";

const lab = requirement("root", "podman", "buildah", "skopeo");

describe.skipIf(!lab.met)("archives of podman, buildah and skopeo", () => {
  let tools: ContainerTools;
  let oneId: string;
  let twoId: string;
  beforeAll(async () => {
    tools = await ContainerTools.open();
    oneId = await tools.build("localhost/one:1", ["the only layer ".repeat(50_000)]);
    twoId = await tools.build("localhost/two:1", ["a lower layer ".repeat(50_000), "an upper one"]);
    await tools.podman(
      "save",
      "--quiet",
      "--multi-image-archive",
      "--output",
      "multi.tar",
      "localhost/one:1",
      "localhost/two:1",
    );
    await tools.podman("save", "--quiet", "--format", "oci-archive", "--output", "two-oci.tar", "localhost/two:1");
  }, 60_000);
  afterAll(() => tools.close());

  const copy = (from: string, to: string) =>
    copyEverything(openFileSource(inFolder(from), tools.folder), openFileSink(inFolder(to)));

  /** `TRANSPORT:NAME[:LABEL]` with the name in the tools' folder. */
  function inFolder(text: string): string {
    const [transport, name, ...label] = text.split(":");
    return [transport, tools.path(name ?? ""), ...label].join(":");
  }

  async function skopeoDigest(location: string): Promise<string> {
    return digestOf(
      Buffer.from(await tools.run("sh", "-c", `skopeo inspect --raw ${location} | base64 -w0`), "base64"),
    );
  }

  /** The ID of the image in an OCI layout of the tools' folder. */
  async function idIn(layout: string): Promise<string> {
    const source = await openFileSource(inFolder(`oci:${layout}`), tools.folder);
    const [image] = await source.images();
    const content = image === undefined ? null : await source.manifest(image.digest);
    await source.close();
    return parseManifest(content?.bytes ?? new Uint8Array(), null).config?.digest ?? "none";
  }

  test("podman's archive of several images gives them all, each with the layers and the config that it has", async () => {
    const copied = await copy("docker-archive:multi.tar", "oci:multi");
    expect(copied.map(({ name, isBuilt }) => [name, isBuilt])).toEqual([
      ["localhost/one:1", true],
      ["localhost/two:1", true],
    ]);
    const seen = await tools.skopeo("inspect", "--format", "{{.Digest}}", "oci:multi:localhost/two:1");
    expect<string | undefined>(copied[1]?.digest).toBe(seen);
    await copy("docker-archive:multi.tar:localhost/one:1", "oci:one");
    await copy("docker-archive:multi.tar:@1", "oci:two");
    expect([await idIn("one"), await idIn("two")]).toEqual([oneId, twoId]);
  });

  test("a manifest that has to be made is always the same", async () => {
    await tools.podman("save", "--quiet", "--output", "again.tar", "localhost/two:1");
    await tools.skopeo(
      "copy",
      "--quiet",
      "docker-archive:multi.tar:localhost/two:1",
      "docker-archive:third.tar:localhost/two:1",
    );
    const [[first], [second], [third]] = [
      await copy("docker-archive:multi.tar:@1", "oci:d1"),
      await copy("docker-archive:again.tar", "oci:d2"),
      await copy("docker-archive:third.tar", "oci:d3"),
    ];
    expect(new Set([first?.digest, second?.digest, third?.digest]).size).toBe(1);
  });

  test("podman's oci-archive, oci-dir and docker-dir keep their manifests' digests", async () => {
    await tools.podman("save", "--quiet", "--format", "oci-dir", "--output", "oci-dir", "localhost/two:1");
    await tools.podman("save", "--quiet", "--format", "docker-dir", "--output", "docker-dir", "localhost/two:1");
    for (const from of ["oci-archive:two-oci.tar", "oci:oci-dir", "dir:docker-dir"]) {
      const [copied] = await copy(from, `oci-archive:kept-${from.split(":")[0]}.tar`);
      expect<string | undefined>(copied?.digest).toBe(await skopeoDigest(inFolder(from)));
      expect(copied?.isBuilt).toBe(false);
    }
  });

  test("layers compressed with gzip and zstd, and plain ones, stay as they are", async () => {
    for (const format of ["gzip", "zstd"]) {
      const words = ["--dest-compress", "--dest-compress-format", format, "oci-archive:two-oci.tar", `dir:${format}`];
      await tools.skopeo("copy", "--quiet", ...words);
      const digest = await skopeoDigest(inFolder(`dir:${format}`));
      const [copied] = await copy(`dir:${format}`, `oci:${format}-layers`);
      const [archived] = await copy(`oci:${format}-layers`, `docker-archive:${format}.tar`);
      expect<(string | undefined)[]>([copied?.digest, archived?.digest]).toEqual([digest, digest]);
      await tools.podman("load", "--quiet", "--input", `${format}.tar`);
    }
    await tools.skopeo("copy", "--quiet", "docker-archive:multi.tar:@1", "dir:plain");
    const [plain] = await copy("dir:plain", "oci:plain-layers");
    expect<string | undefined>(plain?.digest).toBe(await skopeoDigest(inFolder("dir:plain")));
  });

  test("archives compressed with gzip, zstd, xz and bzip2 are read", async () => {
    for (const [program, ending] of [
      ["gzip", "gz"],
      ["zstd", "zst"],
      ["xz", "xz"],
      ["bzip2", "bz2"],
    ] as const) {
      if (Bun.which(program) === null) continue;
      await tools.run(program, "-k", "-f", "two-oci.tar");
      const [copied] = await copy(`oci-archive:two-oci.tar.${ending}`, `oci:from-${ending}`);
      expect<string | undefined>(copied?.digest).toBe(await skopeoDigest(inFolder("oci-archive:two-oci.tar")));
    }
  });

  test("an index for several platforms that buildah made is read by skopeo as it was", async () => {
    await tools.build("localhost/arm:1", ["on another machine"], "linux/arm64");
    await tools.buildah("manifest", "create", "localhost/many:1", "localhost/one:1", "localhost/arm:1");
    await tools.buildah(
      "manifest",
      "push",
      "--signature-policy",
      "policy.json",
      "--quiet",
      "--all",
      "localhost/many:1",
      "oci:many:m",
    );
    const digest = await skopeoDigest(inFolder("oci:many:m"));
    for (const to of ["oci:many-2:m", "oci-archive:many.tar:m", "dir:many-dir"]) {
      const [copied] = await copy("oci:many:m", to);
      expect<string | undefined>(copied?.digest).toBe(digest);
      expect(copied?.manifests).toBe(3);
      expect(await skopeoDigest(inFolder(to))).toBe(digest);
      await tools.skopeo("copy", "--quiet", "--all", to, `dir:${crypto.randomUUID()}`);
    }
  });

  test("what larder writes, podman loads and skopeo copies", async () => {
    await copy("oci-archive:two-oci.tar", "docker-archive:ours.tar:example.com/loaded:docker");
    await copy("oci-archive:two-oci.tar", "oci-archive:ours-oci.tar:example.com/loaded:oci");
    await copy("oci-archive:two-oci.tar", "oci:ours:x");
    await copy("oci-archive:two-oci.tar", "dir:ours-dir");
    await tools.podman("load", "--quiet", "--input", "ours.tar");
    await tools.podman("load", "--quiet", "--input", "ours-oci.tar");
    for (const tag of ["docker", "oci"]) {
      expect(
        `sha256:${await tools.podman("image", "inspect", "--format", "{{.Id}}", `example.com/loaded:${tag}`)}`,
      ).toBe(twoId);
    }
    for (const from of ["docker-archive:ours.tar", "oci-archive:ours-oci.tar", "oci:ours:x", "dir:ours-dir"]) {
      await tools.skopeo("copy", "--quiet", from, `dir:copied-${from.split(":")[0]}`);
      expect(await Bun.file(join(tools.path(`copied-${from.split(":")[0]}`), twoId.slice(7))).exists()).toBe(true);
    }
  });
});
