import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirement } from "../../../test/requirement.ts";
import { tarOf, type TestImage, testImage, writeLayout } from "../test-image.fixture.ts";
import { copyEverything, openFileSink, openFileSource } from "../transports.fixture.ts";
import { openContainerStorage } from "./container-storage.ts";
import { openDaemonSink, openDaemonSource } from "./daemon-images.ts";

let folder: string;
let image: TestImage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-storage-"));
  image = await testImage(["from a layout"]);
  await writeLayout(join(folder, "app"), [{ image, name: "app:1" }]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const spool = () => ({ directory: folder, signal: new AbortController().signal });
const real = requirement("namespaces", "podman");

describe.skipIf(!real.met)(`Podman's storage (${real.reason})`, () => {
  const store = () => `[vfs@${folder}/root+${folder}/run]`;
  const open = (name: string) => openContainerStorage({ store: store(), name }, spool(), process.env["PATH"] ?? "");

  test("takes an image, and gives it back", async () => {
    const name = "larder.test/app:1";
    const location = `containers-storage:${store()}${name}`;
    const from = openFileSource(`oci:${join(folder, "app")}`, folder);
    await copyEverything(from, openDaemonSink(open(name), name, location, folder));
    const [copied] = await copyEverything(
      openDaemonSource(open(name), name, location, spool()),
      openFileSink(`oci:${join(folder, "back")}`),
    );
    expect(copied?.name).toBe(name);
    // Podman makes manifests anew; the config, and with it what the layers hold, is the same.
    const config = JSON.parse(new TextDecoder().decode(image.files.get(image.root.digest))) as {
      config: { digest: string };
    };
    expect(await readdir(join(folder, "back/blobs/sha256"))).toContain(config.config.digest.slice(7));
  }, 60_000);

  test("says what it does not have", async () => {
    const opening = openDaemonSource(open("larder.test/none:1"), "larder.test/none:1", "containers-storage:x", spool());
    await expect(opening).rejects.toThrow("containers-storage:x: the container engine has no image of this name");
  }, 60_000);
});

/** A folder with one program, a shell script, for PATH. */
async function programNamed(name: string, script: string): Promise<string> {
  const path = join(folder, `bin-${crypto.randomUUID()}`);
  await mkdir(path);
  await Bun.write(join(path, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(path, name), 0o755);
  return path;
}

describe("a program", () => {
  const stored = { store: null, name: "app:1" };
  const saved = async (path: string) => {
    const archive = await openContainerStorage(stored, spool(), path).saveImage("app:1");
    return archive === null ? null : new Response(archive).bytes();
  };

  test("that is not there is asked for in a plain sentence", () => {
    expect(() => openContainerStorage(stored, spool(), join(folder, "no-programs"))).toThrow(
      "is read and written by podman or skopeo, and neither is on this machine's PATH",
    );
  });

  test("that fails half-way fails what reads it, with its own words", async () => {
    const script = `case "$1 $2" in "image exists") exit 0;; esac; echo half; echo "Error: the disk broke" >&2; exit 125`;
    await expect(saved(await programNamed("podman", script))).rejects.toThrow(
      "podman did not save app:1: the disk broke",
    );
  });

  test("that fails to take an image fails the copy, though it read nothing of it", async () => {
    const path = await programNamed("podman", `echo "Error: no room" >&2; exit 125`);
    const archive = new Blob([new Uint8Array(5_000_000)]).stream();
    const loading = openContainerStorage(stored, spool(), path).loadImages(archive);
    await expect(loading).rejects.toThrow("podman did not load the image: no room");
  });

  test("that hangs is ended when the copy is given up", async () => {
    const controller = new AbortController();
    const path = await programNamed("podman", `exec sleep 600`);
    const loading = openContainerStorage(stored, { directory: folder, signal: controller.signal }, path).loadImages(
      new Blob([new Uint8Array(10)]).stream(),
    );
    controller.abort(new Error("enough"));
    await expect(loading).rejects.toThrow("enough");
  });

  test("of the name skopeo will do, by files that are taken away again", async () => {
    const archive = join(folder, "an.tar");
    await Bun.write(archive, await tarOf({ a: "content" }));
    // skopeo copy --quiet SOURCE DEST
    const path = await programNamed("skopeo", `/bin/cp ${archive} "\${4#oci-archive:}"; echo "$@" >> ${folder}/called`);
    const before = (await readdir(folder)).length;
    expect(await saved(path)).toEqual(await Bun.file(archive).bytes());
    expect(await Bun.file(join(folder, "called")).text()).toStartWith(
      "copy --quiet containers-storage:app:1 oci-archive:",
    );
    expect((await readdir(folder)).length).toBe(before + 1);
    const none = await programNamed(
      "skopeo",
      `echo "x does not resolve to an image ID: identifier is not an image" >&2; exit 1`,
    );
    expect(await saved(none)).toBeNull();
  });

  test("is told of another storage, in Podman's words", async () => {
    const path = await programNamed("podman", `echo "$@" > ${folder}/flags`);
    const load = (store: string) =>
      openContainerStorage({ store, name: "app:1" }, spool(), path).loadImages(new Blob([]).stream());
    await load("[overlay@/a/b+/run/c:x=1,y=2]");
    expect(await Bun.file(join(folder, "flags")).text()).toBe(
      "--root=/a/b --runroot=/run/c --storage-driver=overlay --storage-opt=x=1 --storage-opt=y=2 load --quiet\n",
    );
    expect(() => load("[overlay]")).toThrow(/names no storage: write \[DRIVER@ROOT\+RUN\]/);
  });
});
