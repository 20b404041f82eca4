/** What Debian's docker-registry has kept is here after an import: made by real pushes, deletions and its garbage collection. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  type Content,
  contentOf,
  describeManifest,
  digestOf,
  type Image,
  makeArtifact,
  makeDockerImage,
  makeImage,
  makeIndex,
  makeManifest,
  type ManifestContent,
  TYPE,
} from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { blobUrl, manifestUrl, pushImage, pushManifest, send } from "../conformance/registry-client.ts";
import { runLarder } from "../faults/larder-command.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { collectFolder, startOverFolder } from "./docker-registry-folder.ts";

const LAYOUT = "docker/registry/v2";
const ACCEPT = { Accept: Object.values(TYPE).join(", ") };

/** Pulls a manifest with all that it names, by its digest. Returns the digest of what the reference is on. */
async function pull(registry: string, name: string, reference: string): Promise<string> {
  const found = await send("GET", manifestUrl(registry, name, reference), { headers: ACCEPT });
  expect([name, reference, found.status]).toEqual([name, reference, 200]);
  const digest = digestOf(found.bytes, reference.startsWith("sha512:") ? "sha512" : "sha256");
  const { manifests = [], config, layers = [] } = JSON.parse(found.text);
  for (const child of manifests) expect(await pull(registry, name, child.digest)).toBe(child.digest);
  for (const blob of [...(config === undefined ? [] : [config]), ...layers]) {
    const { status, bytes } = await send("GET", blobUrl(registry, name, blob.digest));
    expect([status, digestOf(bytes, blob.digest.startsWith("sha512") ? "sha512" : "sha256")]).toEqual([
      200,
      blob.digest,
    ]);
  }
  return digest;
}

/** All files below a folder with their content. */
async function snapshot(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  return new Map(await Promise.all(paths.map(async (path) => [path, digestOf(await readFile(path))] as const)));
}

const registry = requirement("docker-registry");

describe.skipIf(!registry.met)("the folder of a docker-registry", () => {
  let root: string;
  let larder: LarderProcess;
  const app = makeImage();
  const older = makeImage();
  const docker = makeDockerImage();
  const [amd64, arm64] = [makeImage(), makeDockerImage()];
  const index = makeIndex([describeManifest(amd64.manifest), describeManifest(arm64.manifest)]);
  const nested = makeIndex([describeManifest(index)]);
  const signature = makeArtifact("application/x-signature", { subject: describeManifest(app.manifest) });
  // Debian's takes blobs by sha512, and manifests by sha256 alone.
  const wide = { ...makeImage({}, "sha512") };
  wide.manifest = { ...wide.manifest, digest: digestOf(wide.manifest.bytes) };
  const deleted = makeImage();
  const tags: [string, string, string][] = [];

  const push = async (url: string, name: string, image: Image, ...named: readonly string[]): Promise<void> => {
    await pushImage(url, name, image);
    for (const tag of named) {
      await pushManifest(url, name, image.manifest, tag);
      tags.push([name, tag, image.manifest.digest]);
    }
  };
  const pushIndex = async (url: string, name: string, one: ManifestContent, tag: string): Promise<void> => {
    await pushManifest(url, name, one, tag);
    tags.push([name, tag, one.digest]);
  };

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "larder-adoption-"));
    const there = await startOverFolder(root);
    const { url } = there;
    await pushImage(url, "team/app", older, "v1");
    await push(url, "team/app", app, "v1", "latest");
    await push(url, "team/app", docker, "docker");
    await push(url, "team/multi", amd64);
    await push(url, "team/multi", arm64, "arm");
    await pushManifest(url, "team/multi", index);
    await pushIndex(url, "team/multi", nested, "all");
    await push(url, "team/app", signature);
    await push(url, "quay.io/org/app", app, "1");
    await push(url, "docker.io/nginx", docker, "1.27");
    await push(url, "plain", makeImage(), "1");
    await pushImage(url, "team/gone", deleted, "v1");
    await pushImage(url, "team/app", deleted, "gone");
    for (const name of ["team/gone", "team/app"]) {
      expect((await send("DELETE", manifestUrl(url, name, deleted.manifest.digest))).status).toBe(202);
    }
    await there.stop();
    await collectFolder(root);
    // Its collection takes away what was pushed by sha512, manifest or not.
    const after = await startOverFolder(root);
    await push(after.url, "team/wide", wide, "v1");
    await after.stop();
  }, 60_000);
  afterAll(() => rm(root, { recursive: true, force: true }));

  const onLarder = async <T>(work: () => Promise<T>): Promise<T> => {
    larder = await startLarder({ arguments: ["--open"] });
    try {
      return await work();
    } finally {
      await larder.stop();
    }
  };
  const importIt = async (...flags: readonly string[]) => {
    const { status, output, errors } = await runLarder(larder.url, "import-registry", root, "--json", ...flags);
    return { status, errors, result: output === "" ? null : JSON.parse(output) };
  };
  const here = (name: string) => (name === "docker.io/nginx" ? "docker.io/library/nginx" : name);
  const pullAll = async () => {
    for (const [name, tag, digest] of tags) {
      expect([name, tag, await pull(larder.url, here(name), digest)]).toEqual([name, tag, digest]);
      const headers = { ...ACCEPT };
      const { headers: answered } = await send("HEAD", manifestUrl(larder.url, here(name), tag), { headers });
      expect([name, tag, answered.get("docker-content-digest")]).toEqual([name, tag, digest]);
    }
  };

  test(
    "is read whole, left as it is, and taken over with hard links",
    () =>
      onLarder(async () => {
        const before = await snapshot(root);
        expect(await importIt("--dry-run")).toMatchObject({
          status: 0,
          result: { status: "whole", tags: tags.length },
        });
        const { output: listed } = await runLarder(larder.url, "ls", "--json");
        expect(JSON.parse(listed)).toEqual([]);
        const { status, result } = await importIt();
        expect([status, result.first]).toEqual([0, []]);
        expect(result).toMatchObject({ status: "whole", tags: tags.length, tagsHere: 0, tagsKept: 0, sparse: 0 });
        await pullAll();
        // A manifest that a tag has left is served by its digest there, and here.
        expect(await pull(larder.url, "team/app", older.manifest.digest)).toBe(older.manifest.digest);
        const { text } = await send("GET", `${larder.url}/v2/team/app/referrers/${app.manifest.digest}`);
        expect(JSON.parse(text).manifests).toMatchObject([{ digest: signature.manifest.digest }]);
        for (const name of ["team/gone", "team/app"]) {
          expect((await send("GET", manifestUrl(larder.url, name, deleted.manifest.digest))).status).toBe(404);
        }
        const blob = app.blobs[1]?.digest.slice(7) ?? "";
        const file = statSync(join(larder.dataFolder, "blobs/sha256", blob.slice(0, 2), blob));
        expect(file.ino).toBe(statSync(join(root, LAYOUT, "blobs/sha256", blob.slice(0, 2), blob, "data")).ino);
        expect(result.shared).toBe(result.blobs);
        expect(await snapshot(root)).toEqual(before);
        expect(await readdir(join(larder.dataFolder, "uploads"))).toEqual([]);
        // Once more, there is nothing to do.
        expect(await importIt()).toMatchObject({
          status: 0,
          result: { tags: 0, tagsHere: tags.length, manifests: 0, blobs: 0, bytes: 0 },
        });
        // What nothing holds would go now; what came is held.
        await runLarder(larder.url, "gc", "--grace", "0s");
        await pullAll();
        expect(await runLarder(larder.url, "verify")).toMatchObject({ status: 0 });
      }),
    120_000,
  );

  test(
    "a tag that is on something else here stays, unless it is told to move",
    () =>
      onLarder(async () => {
        const mine = makeImage();
        await pushImage(larder.url, "team/app", mine, "v1");
        const { status, result } = await importIt();
        expect([status, result.status, result.kept]).toEqual([
          3,
          "kept",
          [
            {
              image: "local/team/app:v1",
              here: mine.manifest.digest,
              there: app.manifest.digest,
              why: "--force moves it",
            },
          ],
        ]);
        expect(await pull(larder.url, "team/app", "v1")).toBe(mine.manifest.digest);
        // What it is on there came all the same.
        expect(await pull(larder.url, "team/app", app.manifest.digest)).toBe(app.manifest.digest);
        expect(await importIt("--force")).toMatchObject({ status: 0, result: { tags: 1, manifests: 0 } });
        expect(await pull(larder.url, "team/app", "v1")).toBe(app.manifest.digest);
      }),
    60_000,
  );

  test("without a larder that runs, into its data folder", async () => {
    const data = await mkdtemp(join(tmpdir(), "larder-adoption-data-"));
    const child = Bun.spawn([join(import.meta.dir, "../../larder"), "import-registry", root, "--data", data], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const output = await child.stdout.text();
    expect([await child.exited, output]).toEqual([0, expect.stringContaining(`${tags.length} tags set, 0 were here`)]);
    larder = await startLarder({ dataFolder: data, arguments: ["--open"] });
    try {
      await pullAll();
      const refused = Bun.spawn([join(import.meta.dir, "../../larder"), "import-registry", root, "--data", data], {
        stderr: "pipe",
      });
      expect([await refused.exited, await refused.stderr.text()]).toEqual([
        1,
        expect.stringContaining("another larder"),
      ]);
    } finally {
      await larder.stop();
      await rm(data, { recursive: true, force: true });
    }
  }, 60_000);

  test("found where larder keeps its data, it is said, and taken over while larder serves, once", async () => {
    const data = await mkdtemp(join(tmpdir(), "larder-adoption-place-"));
    Bun.spawnSync(["cp", "-a", join(root, "docker"), data]);
    const said = (words: string) => until(words, () => larder.output().includes(words));
    larder = await startLarder({ dataFolder: data, arguments: ["--open"] });
    await said("another registry's images are in the data folder");
    expect(larder.output()).toContain("--adopt");
    await larder.stop();
    larder = await startLarder({ dataFolder: data, arguments: ["--open", "--adopt"] });
    try {
      await said("images were taken over");
      await pullAll();
      expect((await send("DELETE", `${larder.url}/v2/team/app/manifests/docker`)).status).toBe(202);
      await larder.stop();
      larder = await startLarder({ dataFolder: data, arguments: ["--open", "--adopt"] });
      await Bun.sleep(500);
      // What was removed since does not come back with the next start.
      expect((await send("GET", manifestUrl(larder.url, "team/app", "docker"))).status).toBe(404);
      expect(existsSync(join(data, LAYOUT, "repositories"))).toBe(true);
    } finally {
      await larder.stop();
      await rm(data, { recursive: true, force: true });
    }
  }, 60_000);

  test(
    "only what is tagged, with what it leads to and what is attached, where that is asked for",
    () =>
      onLarder(async () => {
        expect(await importIt("--tagged-only", "--namespace", "corp.example")).toMatchObject({ status: 0 });
        const name = "corp.example/team/app";
        expect(await pull(larder.url, name, "v1")).toBe(app.manifest.digest);
        expect(await pull(larder.url, name, signature.manifest.digest)).toBe(signature.manifest.digest);
        expect((await send("GET", manifestUrl(larder.url, name, older.manifest.digest))).status).toBe(404);
        expect(await pull(larder.url, "corp.example/team/multi", "all")).toBe(nested.digest);
        // Its name says its registry.
        expect(await pull(larder.url, "quay.io/org/app", "1")).toBe(app.manifest.digest);
      }),
    60_000,
  );
});

/** Writes files of a registry's folder by hand. */
class HandMade {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  path(...parts: readonly string[]): string {
    return join(this.root, LAYOUT, ...parts);
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }

  blobFile(digest: string): string {
    const [algorithm = "", hex = ""] = digest.split(":");
    return this.path("blobs", algorithm, hex.slice(0, 2), hex, "data");
  }

  async blob({ digest, bytes }: Content): Promise<void> {
    await this.write(this.blobFile(digest), bytes);
  }

  revision(name: string, digest: string): string {
    return this.path("repositories", name, "_manifests/revisions", digest.replace(":", "/"), "link");
  }

  async manifest(name: string, content: Content): Promise<void> {
    await this.blob(content);
    await this.write(this.revision(name, content.digest), content.digest);
  }

  tagLink(name: string, tag: string): string {
    return this.path("repositories", name, "_manifests/tags", tag, "current/link");
  }

  async tag(name: string, tag: string, digest: string): Promise<void> {
    await this.write(this.tagLink(name, tag), digest);
    await this.write(
      this.path("repositories", name, "_manifests/tags", tag, "index", digest.replace(":", "/"), "link"),
      digest,
    );
  }

  async image(name: string, image: Image, ...tags: readonly string[]): Promise<void> {
    for (const blob of image.blobs) await this.blob(blob);
    await this.manifest(name, image.manifest);
    for (const tag of tags) await this.tag(name, tag, image.manifest.digest);
  }
}

describe("a folder in which much is broken", () => {
  let folder: HandMade;
  let larder: LarderProcess;
  beforeAll(async () => {
    folder = new HandMade(await mkdtemp(join(tmpdir(), "larder-broken-registry-")));
    larder = await startLarder({ arguments: ["--open"] });
  });
  afterAll(async () => {
    await larder.stop();
    await rm(folder.root, { recursive: true, force: true });
  });

  test("what is whole comes, what is not is told of by name and file", async () => {
    const whole = makeImage();
    await folder.image("ok/app", whole, "1");
    const lacking = makeImage();
    await folder.image("ok/app", lacking, "lacking");
    await rm(folder.blobFile(lacking.blobs[1]?.digest ?? ""));
    const rotten = makeImage();
    await folder.image("ok/app", rotten, "rotten");
    await writeFile(folder.blobFile(rotten.blobs[2]?.digest ?? ""), "something else");
    const linked = makeImage();
    await folder.image("ok/app", linked, "symlinked");
    const stolen = folder.blobFile(linked.blobs[1]?.digest ?? "");
    await rm(stolen);
    await symlink("/etc/hostname", stolen);
    const badManifest = makeImage();
    await folder.image("ok/app", badManifest, "bad-manifest");
    await writeFile(folder.blobFile(badManifest.manifest.digest), "{}");
    const [present, absent] = [makeImage(), makeImage()];
    await folder.image("ok/index", present);
    const sparse = makeIndex([describeManifest(present.manifest), describeManifest(absent.manifest)]);
    await folder.manifest("ok/index", sparse);
    await folder.tag("ok/index", "sparse", sparse.digest);
    const empty = makeIndex([describeManifest(absent.manifest)]);
    await folder.manifest("ok/index", empty);
    await folder.tag("ok/index", "empty", empty.digest);
    const mended = makeImage();
    await folder.image("ok/app", mended, "mended", "several");
    await writeFile(folder.tagLink("ok/app", "mended"), "");
    await folder.write(
      folder.path("repositories/ok/app/_manifests/tags/several/index", whole.manifest.digest.replace(":", "/"), "link"),
      whole.manifest.digest,
    );
    await rm(folder.tagLink("ok/app", "several"));
    await folder.tag("ok/app", "deleted", absent.manifest.digest);
    await folder.tag("ok/app", "-bad", whole.manifest.digest);
    await writeFile(folder.revision("ok/app", whole.manifest.digest), "garbage");
    await folder.tag("ok/app", "huge", whole.manifest.digest);
    await writeFile(folder.tagLink("ok/app", "huge"), `${whole.manifest.digest}${" ".repeat(5000)}`);
    await folder.image("Upper/Case", whole, "1");
    await symlink("/etc", folder.path("repositories", "away"));
    await folder.write(folder.path("repositories/ok/app/_uploads/x/data"), "half");
    await folder.write(folder.revision("ok/app", "sha384:abcd"), "sha384:abcd");
    const before = await snapshot(folder.root);

    const { status, output } = await runLarder(larder.url, "import-registry", folder.root, "--json");
    expect(status).toBe(1);
    const { first, ...result } = JSON.parse(output) as { first: { image: string; file: string; what: string }[] };
    expect(result).toMatchObject({ status: "lacking", tags: 4, sparse: 1 });
    const told = (word: string) =>
      first.filter(({ image, file, what }) => `${image} ${file} ${what}`.includes(word)).map(({ what }) => what);
    const hex = (content: Content | undefined) => content?.digest.slice(7) ?? "?";
    expect(told(`${hex(lacking.blobs[1])}/data`)).toEqual([expect.stringContaining("its file is missing")]);
    expect(told("ok/app:lacking")).toEqual([expect.stringContaining(`it lacks ${lacking.blobs[1]?.digest}`)]);
    expect(told(`${hex(rotten.blobs[2])}/data`)).toEqual([expect.stringContaining("another digest")]);
    expect(told("ok/app:rotten")).toHaveLength(1);
    expect(told(`${hex(linked.blobs[1])}/data`)).toEqual([expect.stringContaining("symbolic link")]);
    expect(told("ok/app:bad-manifest")).toEqual([expect.stringContaining("damaged")]);
    expect(told("ok/index:sparse")).toEqual([expect.stringContaining("taken without 1 of the 2")]);
    expect(told("ok/index:empty")).toEqual([expect.stringContaining("left out")]);
    expect(told("ok/app:mended")).toEqual([expect.stringContaining("was only ever on")]);
    expect(told("ok/app:several")).toEqual([expect.stringContaining("the link is missing: left out")]);
    expect(told("ok/app:deleted")).toEqual([expect.stringContaining("no manifest of this repository")]);
    expect(told("tags/-bad")).toEqual([expect.stringContaining("no tag")]);
    expect(told("ok/app:huge")).toEqual([expect.stringContaining("bytes, more than")]);
    expect(told("repositories/Upper")).toEqual([expect.stringContaining("no name of a repository")]);
    expect(told("repositories/away")).toEqual([expect.stringContaining("symbolic link")]);
    expect(told("sha384")).toHaveLength(1);
    expect(told("garbage")).toHaveLength(0);
    expect(told("the link holds no digest; the manifest is taken")).toHaveLength(1);

    expect(await pull(larder.url, "ok/app", "1")).toBe(whole.manifest.digest);
    expect(await pull(larder.url, "ok/app", "mended")).toBe(mended.manifest.digest);
    expect(await pull(larder.url, "ok/app", "huge")).toBe(whole.manifest.digest);
    expect(await pull(larder.url, "ok/index", present.manifest.digest)).toBe(present.manifest.digest);
    expect((await send("GET", manifestUrl(larder.url, "ok/index", "sparse"), { headers: ACCEPT })).status).toBe(200);
    for (const tag of ["lacking", "rotten", "symlinked", "bad-manifest", "several", "deleted"]) {
      expect((await send("GET", manifestUrl(larder.url, "ok/app", tag))).status).toBe(404);
    }
    expect(await snapshot(folder.root)).toEqual(before);
    expect(await readdir(join(larder.dataFolder, "uploads"))).toEqual([]);
    // What was broken comes once it is whole.
    await folder.blob(rotten.blobs[2] as Content);
    await runLarder(larder.url, "import-registry", folder.root);
    expect(await pull(larder.url, "ok/app", "rotten")).toBe(rotten.manifest.digest);
  }, 60_000);

  test("manifests of schema 1 come as they are kept", async () => {
    const own = new HandMade(await mkdtemp(join(tmpdir(), "larder-schema1-")));
    const layer = contentOf("a layer");
    const old = makeManifest(
      {
        schemaVersion: 1,
        name: "old/app",
        tag: "1",
        architecture: "amd64",
        fsLayers: [{ blobSum: layer.digest }],
        history: [],
      },
      "application/vnd.docker.distribution.manifest.v1+json",
    );
    await own.image("old/app", { manifest: old, blobs: [layer] }, "1");
    expect(await runLarder(larder.url, "import-registry", own.root)).toMatchObject({ status: 0 });
    const { status, bytes, headers } = await send("GET", manifestUrl(larder.url, "old/app", "1"));
    expect([status, digestOf(bytes), headers.get("content-type")]).toEqual([200, old.digest, old.mediaType]);
    await rm(own.root, { recursive: true });
  });

  test("a pull-through cache's folder becomes cached images of its registry, whose time counts", async () => {
    const own = new HandMade(await mkdtemp(join(tmpdir(), "larder-cache-")));
    await writeFile(join(own.root, "scheduler-state.json"), "{}");
    const [image, other] = [makeImage(), makeImage()];
    await own.image("library/app", image, "1");
    const index = makeIndex([describeManifest(image.manifest), describeManifest(other.manifest)]);
    await own.manifest("library/app", index);
    await own.tag("library/app", "all", index.digest);
    await rm(own.blobFile(image.blobs[2]?.digest ?? ""));
    await utimes(own.tagLink("library/app", "1"), 1_600_000_000, 1_600_000_000);
    const refused = await runLarder(larder.url, "import-registry", own.root);
    expect([refused.status, refused.errors]).toEqual([1, expect.stringContaining("--namespace docker.io")]);
    const flags = ["--namespace", "docker.io", "--json"];
    const { status, output } = await runLarder(larder.url, "import-registry", own.root, ...flags);
    expect([status, JSON.parse(output)]).toMatchObject([0, { tags: 2, sparse: 0, problems: 0 }]);
    const { output: listed } = await runLarder(larder.url, "ls", "docker.io/library/app", "--json");
    const rows = JSON.parse(listed) as { name: string; kind: string; updatedAt: string }[];
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).toContain("2020-09-13T12:26:40");
    expect(JSON.stringify(rows)).not.toContain('pushed"');
    await rm(own.root, { recursive: true });
  });

  test("what is no registry's folder is refused, and says what was looked for", async () => {
    const none = await mkdtemp(join(tmpdir(), "larder-none-"));
    const { status, errors } = await runLarder(larder.url, "import-registry", none);
    expect([status, errors]).toEqual([1, expect.stringContaining("docker/registry/v2/repositories")]);
    expect((await runLarder(larder.url, "import-registry", join(none, "x"))).errors).toContain("there is no folder");
    expect(existsSync(join(none, "docker"))).toBe(false);
    await rm(none, { recursive: true });
  });

  test.each([
    ["intake.begin", 4],
    ["intake.sync", 9],
    ["blob.rename", 1],
    ["blob.rename", 7],
    ["blob.sync-folder", 2],
    ["database.commit", 3],
    ["database.commit", 9],
    ["database.sync", 4],
  ])(
    "killed at %s, the time %d, nothing is there in part, and the next run brings the rest",
    async (point, time) => {
      const own = new HandMade(await mkdtemp(join(tmpdir(), "larder-killed-import-")));
      const data = await mkdtemp(join(tmpdir(), "larder-killed-import-data-"));
      const images = Array.from({ length: 6 }, () => makeImage());
      for (const [at, image] of images.entries()) await own.image(`team/app${at % 2}`, image, `t${at}`);
      const index = makeIndex(images.filter((_, at) => at % 2 === 0).map(({ manifest }) => describeManifest(manifest)));
      await own.manifest("team/app0", index);
      await own.tag("team/app0", "all", index.digest);
      const wanted = [
        ...images.map(({ manifest }, at) => [`team/app${at % 2}`, `t${at}`, manifest.digest] as const),
        ["team/app0", "all", index.digest] as const,
      ];
      const environment = { LARDER_FAULT: `${point}@${time}=kill` };
      const killed = await startLarder({ dataFolder: data, arguments: ["--open"], environment });
      await runLarder(killed.url, "import-registry", own.root);
      expect(await killed.exited).toBe(137);
      const next = await startLarder({ dataFolder: data, arguments: ["--open"] });
      try {
        for (const [name, tag] of wanted) {
          const { status } = await send("HEAD", manifestUrl(next.url, name, tag), { headers: ACCEPT });
          if (status === 200) await pull(next.url, name, tag);
        }
        expect(await runLarder(next.url, "import-registry", own.root)).toMatchObject({ status: 0 });
        for (const [name, tag, digest] of wanted) expect(await pull(next.url, name, tag)).toBe(digest);
        await runLarder(next.url, "gc", "--grace", "0s");
        for (const [name, tag, digest] of wanted) expect(await pull(next.url, name, tag)).toBe(digest);
      } finally {
        await next.stop();
        for (const folder of [data, own.root]) await rm(folder, { recursive: true, force: true });
      }
    },
    60_000,
  );

  test("10,000 tags come within a minute, and once more within seconds", async () => {
    const own = new HandMade(await mkdtemp(join(tmpdir(), "larder-many-tags-")));
    const layer = contentOf("a layer that all have");
    for (let at = 0; at < 10_000; at++) {
      const config = contentOf(JSON.stringify({ at: at >> 6 }));
      const manifest = makeManifest({
        schemaVersion: 2,
        mediaType: TYPE.manifest,
        config: { mediaType: TYPE.config, digest: config.digest, size: config.bytes.length },
        layers: [{ mediaType: TYPE.layer, digest: layer.digest, size: layer.bytes.length }],
        annotations: { at: String(at >> 1) },
      });
      await own.image("many/tags", { manifest, blobs: [config, layer] }, `t${at}`);
    }
    const startedMs = performance.now();
    const body = JSON.stringify({ folder: own.root });
    const importAll = async () => {
      const headers = { "Content-Type": "application/json" };
      const { text } = await send("POST", `${larder.url}/api/v1/imports`, { headers, body });
      return JSON.parse(text.trim().split("\n").at(-1) ?? "");
    };
    expect(await importAll()).toMatchObject({ kind: "done", tags: 10_000, manifests: 5000, problems: 0 });
    expect(await importAll()).toMatchObject({ kind: "done", tags: 0, tagsHere: 10_000, blobs: 0 });
    // Side by side with other tests, whatever the machine; alone it takes a quarter of that.
    expect(performance.now() - startedMs).toBeLessThan(120_000);
    expect(await pull(larder.url, "many/tags", "t9999")).toBe(await pull(larder.url, "many/tags", "t9998"));
    // Bun's own takes minutes for so many.
    Bun.spawnSync(["rm", "-rf", own.root]);
  }, 240_000);
});
