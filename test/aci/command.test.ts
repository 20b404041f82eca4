import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runLarder } from "../command-line/run-larder.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { buildImage, IMAGE_NEEDS } from "../end-to-end/image-factory.ts";
import { outputOf } from "../end-to-end/run-command.ts";
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

  test("takes one from a registry, under its old name too", async () => {
    const file = await convert("docker2aci", `docker://${host}/team/app:1`, "--arch", "amd64");
    expect(file).toEndWith("/team-app-1.aci");
    expect(await manifestOf(file)).toEqual({
      name: "127.0.0.1/team/app",
      labels: { arch: "amd64", os: "linux", version: "1" },
    });
    // Layers are fetched into TMPDIR, and nothing stays there.
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
