import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LARDER, runLarder } from "../command-line/run-larder.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { buildImage, IMAGE_NEEDS } from "../end-to-end/image-factory.ts";
import { outputOf, runCommand } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { manifestOf, push } from "./aci-larder.ts";

const lab = requirement("skopeo", "actool", ...IMAGE_NEEDS);

describe.skipIf(!lab.met)("larder aci convert", () => {
  let folder: string;
  let larder: LarderProcess;
  let host: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-aci-"));
    larder = await startLarder();
    host = new URL(larder.url).host;
    const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
    const image = await buildImage(folder, { name: "flannel", platforms });
    for (const name of ["quay.io/coreos/flannel:0.5.5", "team/app:1"]) await push(larder, image, name);
  });
  afterAll(async () => {
    await larder?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Converts into a folder of its own, and gives the one file in it. */
  async function convert(...words: string[]): Promise<string> {
    const out = await mkdtemp(join(folder, "out-"));
    const { status, output, errors } = await runLarder(host, [...words, "--out", out], { TMPDIR: folder });
    expect([status, errors]).toEqual([0, ""]);
    const [file = "", ...others] = await readdir(out);
    expect([output.trim(), others]).toEqual([join(out, file), []]);
    await outputOf(["actool", "validate", join(out, file)]);
    return join(out, file);
  }

  test("takes an image by the name that larder holds it under", async () => {
    const file = await convert("aci", "convert", "quay.io/coreos/flannel:0.5.5", "--arch", "arm64");
    expect(file).toEndWith("/coreos-flannel-0.5.5.aci");
    expect(await manifestOf(file)).toEqual({
      name: "quay.io/coreos/flannel",
      labels: { arch: "aarch64", os: "linux", version: "0.5.5" },
    });
    expect(await convert("aci", "convert", "team/app:1")).toEndWith("/team-app-1.aci");
  });

  test("takes one by the address that larder answers at", async () => {
    expect(await convert("aci", "convert", `${host}/team/app:1`, "--arch", "amd64")).toEndWith("/team-app-1.aci");
  });

  test("takes one from a registry, and leaves none of its layers in TMPDIR", async () => {
    const file = await convert("aci", "convert", `docker://${host}/team/app:1`, "--arch", "amd64");
    expect(file).toEndWith("/team-app-1.aci");
    expect(await manifestOf(file)).toEqual({
      name: "127.0.0.1/team/app",
      labels: { arch: "amd64", os: "linux", version: "1" },
    });
    expect((await readdir(folder)).filter((name) => name.startsWith("larder-aci-"))).toEqual([]);
  });

  test("makes of one image the same bytes as the server does", async () => {
    const file = await convert("aci", "convert", "quay.io/coreos/flannel:0.5.5", "--arch", "amd64");
    const served = await fetch(`${larder.url}/aci/quay.io/coreos/flannel:0.5.5.aci`, { decompress: false });
    expect(Buffer.from(await served.arrayBuffer()).equals(await Bun.file(file).bytes())).toBe(true);
  });

  test("says what is wrong with a name", async () => {
    const { status, errors } = await runLarder(host, ["aci", "convert", "team/none:1"]);
    expect([status, errors]).toEqual([1, expect.stringContaining("team/none:1")]);
  });

  test("of a server's own is not for people", async () => {
    expect((await runLarder(host, ["aci", "--help"])).output).not.toContain("work");
    const { status, errors } = await runLarder(host, ["aci", "work"]);
    expect([status, errors]).toEqual([2, expect.stringContaining("for larder itself")]);
  });
});

describe.skipIf(!lab.met)("larder docker2aci", () => {
  let folder: string;
  let larder: LarderProcess;
  let upstream: LarderProcess;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-docker2aci-"));
    [larder, upstream] = await Promise.all([startLarder(), startLarder()]);
    const image = await buildImage(folder, { name: "app" });
    await push(larder, image, "quay.io/team/app:1");
    await push(upstream, image, "team/far:1");
    const layout = `oci:${image.layout}:image`;
    const copy = (...words: string[]) => outputOf(["skopeo", "copy", "-q", ...words]);
    await copy(layout, `docker-archive:${join(folder, "my-app.docker")}:quay.io/coreos/flannel:0.5.5`);
    await copy(layout, `docker-archive:${join(folder, "nameless.docker")}`);
    const two = `docker-archive:${join(folder, "two.tar")}:busybox:latest`;
    await copy("--additional-tag", "quay.io/other/app:2", layout, two);
  });
  afterAll(async () => {
    await larder?.stop();
    await upstream?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs docker2aci in a folder of its own beside the archives, where it writes its files. */
  async function docker2aci(...words: string[]) {
    const here = await mkdtemp(join(folder, "here-"));
    for (const name of ["my-app.docker", "nameless.docker", "two.tar"])
      await symlink(join(folder, name), join(here, name));
    for (const name of [".hidden.docker", "---.docker"])
      await symlink(join(folder, "nameless.docker"), join(here, name));
    const environment = { HOME: folder, TMPDIR: folder, LOCAL_REGISTRY: new URL(larder.url).host };
    const result = await runCommand([LARDER, "docker2aci", ...words], { environment, folder: here });
    const files = (await readdir(here)).filter((name) => name.endsWith(".aci"));
    for (const file of files) await outputOf(["actool", "validate", join(here, file)]);
    return { ...result, here, files };
  }

  test("makes an ACI of a file, however its path is written, and says so as that program does", async () => {
    for (const path of ["my-app.docker", "./my-app.docker", join(folder, "my-app.docker")]) {
      const { status, output, errors, files } = await docker2aci(path);
      expect([status, errors, output]).toEqual([0, "", "\nGenerated ACI(s):\ncoreos-flannel-0.5.5.aci\n"]);
      expect(files).toEqual(["coreos-flannel-0.5.5.aci"]);
    }
    expect((await docker2aci("nameless.docker")).files).toEqual(["nameless.aci"]);
    expect((await docker2aci(".hidden.docker")).files).toEqual(["hidden.aci"]);
    expect((await docker2aci("-experimental-oci", "./---.docker")).files).toEqual(["image.aci"]);
  });

  test("takes the image that --image names of several, and lists them when none is named", async () => {
    const { status, errors } = await docker2aci("two.tar");
    expect([status, errors]).toEqual([1, expect.stringMatching(/several images.*--image.*busybox.*other\/app:2/s)]);
    expect((await docker2aci("--image=busybox", "two.tar")).files).toEqual(["library-busybox-latest.aci"]);
    expect((await docker2aci("-image", "quay.io/other/app:2", "./two.tar")).files).toEqual(["other-app-2.aci"]);
    const none = await docker2aci("-image=none", "two.tar");
    expect([none.status, none.errors, none.files]).toEqual([1, expect.stringContaining("holds no image"), []]);
  });

  test("makes one for each layer with -nosquash, named by the layers and numbered from the top", async () => {
    const { files, output } = await docker2aci("-nosquash", "-compression=none", "my-app.docker");
    expect(files.length).toBeGreaterThan(0);
    const written = output.trim().split("\n").slice(1);
    expect(written.toSorted()).toEqual(files.toSorted());
    const names = written.map((name) => /^coreos-flannel-[0-9a-f]{64}-0\.5\.5-linux-amd64-(\d+)\.aci$/.exec(name)?.[1]);
    expect(names).toEqual(written.map((_, index) => String(written.length - 1 - index)));
  });

  test("asks larder for an image of a registry, and the registry when larder has it not", async () => {
    const held = await docker2aci("docker://quay.io/team/app:1");
    expect([held.status, held.errors, held.files]).toEqual([0, "", ["team-app-1.aci"]]);
    expect((await manifestOf(join(held.here, "team-app-1.aci"))).name).toBe("quay.io/team/app");
    const lacking = await docker2aci("docker://quay.io/team/none:1");
    expect([lacking.status, lacking.errors]).toEqual([
      1,
      expect.stringMatching(/asked of its own registry, since larder/),
    ]);
    const far = await docker2aci(`docker://${new URL(upstream.url).host}/team/far:1`);
    expect([far.status, far.errors, far.files]).toEqual([0, "", ["team-far-1.aci"]]);
  });

  test("ends as that program does: 2 for wrong usage, 1 for what fails", async () => {
    expect((await docker2aci()).status).toBe(2);
    expect((await docker2aci("a", "b")).status).toBe(2);
    expect((await docker2aci("-bogus", "my-app.docker")).status).toBe(2);
    expect((await docker2aci("-compression=xz", "my-app.docker")).status).toBe(1);
    expect((await docker2aci("-image=x", "docker://quay.io/team/app:1")).status).toBe(1);
    expect((await docker2aci("./none.docker")).status).toBe(1);
    const version = await docker2aci("-version");
    expect([version.status, version.output]).toEqual([0, "docker2aci version 0.17.2\nappc version 0.8.11\n"]);
  });
});

const signing = requirement("gpg");

describe.skipIf(!signing.met)("larder aci key and sign", () => {
  let folder: string;
  let larder: LarderProcess;
  let host: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-sign-"));
    larder = await startLarder({ dataFolder: join(folder, "data") });
    host = new URL(larder.url).host;
    await Bun.write(join(folder, "big.aci"), new Uint8Array(3 << 20).fill(7));
  });
  afterAll(async () => {
    await larder?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function verify(publicKey: string, file: string): Promise<string> {
    const home = await mkdtemp(join(folder, "gpg-"));
    const gpg = (...words: string[]) => outputOf(["gpg", "--homedir", home, "--batch", "--status-fd", "1", ...words]);
    await Bun.write(join(home, "key"), publicKey);
    await gpg("--import", join(home, "key"));
    const said = await gpg("--verify", `${file}.asc`, file);
    await outputOf(["gpgconf", "--homedir", home, "--kill", "all"]);
    return said;
  }

  test("take the key of the larder that runs, and leave it there", async () => {
    const file = join(folder, "big.aci");
    const key = await runLarder(host, ["aci", "key"]);
    expect([key.status, key.errors]).toEqual([0, expect.stringMatching(/^fingerprint [0-9a-f]{40}\n$/)]);
    expect(key.output).toBe(await (await fetch(`${larder.url}/aci/pubkeys.gpg`)).text());
    const signed = await runLarder(host, ["aci", "sign", file]);
    expect([signed.status, signed.errors, signed.output]).toEqual([0, "", `${file}.asc\n`]);
    expect(await verify(key.output, file)).toContain("GOODSIG");
    const names = (await readdir(folder)).filter((name) => name.startsWith("big.aci"));
    expect(names.toSorted()).toEqual(["big.aci", "big.aci.asc"]);
    // Its data folder named, it is the same key.
    expect((await runLarder("127.0.0.1:1", ["aci", "key", "--data", join(folder, "data")])).output).toBe(key.output);
  });

  test("say so when larder does not sign for them", async () => {
    const proxied = { method: "POST", body: "any", headers: { "X-Forwarded-For": "192.0.2.7" } };
    const answer = await fetch(`${larder.url}/aci/sign`, proxied);
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining("larder: ")]);
    expect((await fetch(`${larder.url}/aci/sign`, { method: "POST" })).status).toBe(400);
    const page = { method: "POST", body: "any", headers: { Origin: "http://evil.example" } };
    expect((await fetch(`${larder.url}/aci/sign`, page)).status).toBe(403);
    const none = await runLarder(host, ["aci", "sign", join(folder, "none.aci")]);
    expect([none.status, none.errors]).toEqual([1, expect.stringContaining("no such file")]);
  });
});
