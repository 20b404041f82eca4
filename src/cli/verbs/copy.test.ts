import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirement } from "../../../test/requirement.ts";
import {
  json,
  namesInTar,
  tarOf,
  type TestImage,
  testImage,
  testIndex,
  writeLayout,
} from "../../images/test-image.fixture.ts";
import { digestOf } from "../../oci/digest.ts";
import { hostPlatform } from "../../oci/platform.ts";
import { type DockerRegistry, startDockerRegistry } from "../../upstream/docker-registry.fixture.ts";
import { CommandFailure } from "../../lib/command/command-io.ts";
import { copyCommand } from "./copy.ts";
import { uploadCommand } from "./upload.ts";

const S390X = { os: "linux", architecture: "s390x" };
let folder: string;
let mine: TestImage;
let other: TestImage;
let index: TestImage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-copy-cli-"));
  [mine, other] = [await testImage(["mine"], hostPlatform()), await testImage(["other"], S390X)];
  index = testIndex([
    { image: other, platform: S390X },
    { image: mine, platform: hostPlatform() },
  ]);
  await writeLayout(join(folder, "app"), [{ image: index, name: "quay.io/team/app:1" }]);
  await writeLayout(join(folder, "many"), [
    { image: mine, name: "quay.io/team/one:1" },
    { image: other, name: "two:2" },
  ]);
  await writeLayout(join(folder, "nameless"), [{ image: mine, name: null }]);
  await writeLayout(join(folder, "tagged"), [{ image: mine, name: "v1" }]);
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs one of the commands; `status` is what it ends with. */
async function run(verb: "copy" | "upload", words: readonly string[], environment: Record<string, string> = {}) {
  const written = { stdout: "", stderr: "" };
  const output = (name: "stdout" | "stderr") => ({
    isTerminal: false,
    write: (text: string) => void (written[name] += text),
  });
  const io = {
    stdout: output("stdout"),
    stderr: output("stderr"),
    environment: { HOME: folder, TMPDIR: folder, ...environment },
    signal: new AbortController().signal,
  };
  const command = verb === "copy" ? copyCommand(io) : uploadCommand(io);
  try {
    await command.parseAsync([...words], { from: "user" });
    return { ...written, status: 0, message: "" };
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    return { ...written, status: error.exitStatus, message: error.message };
  }
}

/** `larder copy` as a process of its own, for its standard streams. */
const COPY_PROCESS = `
  import { copyCommand } from ${JSON.stringify(join(import.meta.dir, "copy.ts"))};
  const output = (stream) => ({ isTerminal: false, write: (text) => void stream.write(text) });
  const io = {
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    environment: process.env,
    signal: new AbortController().signal,
  };
  const words = process.argv.slice(process.argv.findIndex((word) => word.includes(":")));
  await copyCommand(io).parseAsync(words, { from: "user" });
`;

const from = (name: string) => `oci:${join(folder, name)}`;

describe("larder copy", () => {
  test("keeps an index whole where it can be, and tells what finds it", async () => {
    const { status, stdout, stderr } = await run("copy", [from("app"), `oci:${join(folder, "whole")}:x`]);
    expect([status, stdout]).toEqual([0, `x\t${index.root.digest}\n`]);
    expect(stderr).toContain("copied");
  });

  test("takes two names of one image for one image", async () => {
    await writeLayout(join(folder, "twice"), [
      { image: mine, name: "docker.io/library/app:1" },
      { image: mine, name: "localhost/app:1" },
    ]);
    const { status } = await run("copy", [`oci:${join(folder, "twice")}`, `oci:${join(folder, "once")}:x`]);
    expect(status).toBe(0);
    expect((await run("copy", [`oci:${join(folder, "many")}`, `oci:${join(folder, "once")}:x`])).status).toBe(2);
  });

  test("puts this machine's platform into a docker-archive, or those that are asked for", async () => {
    const archive = `docker-archive:${join(folder, "a.tar")}`;
    expect((await run("copy", [from("app"), archive])).stdout).toBe(`quay.io/team/app:1\t${mine.root.digest}\n`);
    const chosen = await run("copy", [from("app"), archive, "--platform", "linux/s390x"]);
    expect(chosen.stdout).toContain(other.root.digest);
    expect(chosen.stderr).toContain("of several platforms some were chosen");
    expect((await run("copy", [from("app"), archive, "--all-platforms"])).stdout).toContain(index.root.digest);
  });

  test("--json tells all of it", async () => {
    const { stdout } = await run("copy", [from("app"), `oci-archive:${join(folder, "j.tar")}:x`, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        source: from("app"),
        image: "x",
        digest: index.root.digest,
        manifests: 3,
        blobs: { copied: 4, present: 0, mounted: 0 },
      },
    ]);
  });

  test("--compress packs what an engine saved plain, and says so", async () => {
    const plain = await tarOf({ "file.txt": "x".repeat(100_000) });
    const config = json({
      os: "linux",
      architecture: "amd64",
      rootfs: { type: "layers", diff_ids: [digestOf(plain)] },
    });
    const listing = [{ Config: "c.json", RepoTags: ["team/app:1"], Layers: ["l.tar"] }];
    await Bun.write(
      join(folder, "saved.tar"),
      await tarOf({ "c.json": config, "l.tar": plain, "manifest.json": json(listing) }),
    );
    const to = join(folder, "packed");
    const { status, stderr } = await run("copy", [join(folder, "saved.tar"), `oci:${to}:x`, "--compress", "zstd"]);
    expect([status, stderr]).toEqual([0, expect.stringContaining("a layer was compressed")]);
    expect(stderr).not.toContain("layers went as they are there");
    const index = JSON.parse(await Bun.file(join(to, "index.json")).text()) as { manifests: { digest: string }[] };
    const digest = index.manifests[0]?.digest.slice(7) ?? "";
    expect(JSON.parse(await Bun.file(join(to, "blobs/sha256", digest)).text())).toMatchObject({
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+zstd" }],
    });
    const wrong: readonly [readonly string[], RegExp][] = [
      [["--compress", "zstd", "--compress-level", "20"], /--compress-level "20" is not a number from 1 to 19/],
      [["--compress", "gzip", "--compress-level", "10"], /from 1 to 9/],
      [["--compress-level", "3"], /goes with --compress/],
      [["--compress", "gzip", "--referrers"], /contradict each other/],
    ];
    for (const [flags, message] of wrong) {
      const failed = await run("copy", [join(folder, "saved.tar"), `oci:${to}:y`, ...flags]);
      expect(failed).toMatchObject({ status: 2, message: expect.stringMatching(message) });
    }
  });

  test("wrong usage is told from what went wrong", async () => {
    const to = `oci:${join(folder, "never")}`;
    const wrong: readonly [readonly string[], RegExp][] = [
      [["nosuch:///x", to], /transport "nosuch" is not known/],
      [[from("app"), to, "--platform", "a/b/c/d"], /--platform "a\/b\/c\/d" is not of the form/],
      [[from("app"), to, "--platform", "linux/amd64", "--all-platforms"], /contradict/],
      [[from("app"), to, "--jobs", "0"], /--jobs "0" is not a number from 1 to 64/],
      [[from("many"), `${to}:x`], /holds several images; choose one: .*quay.io\/team\/one:1, .*two:2/],
      [["localhost:1/x", to, "--src-creds", "nobody"], /USER:PASSWORD/],
      [
        ["localhost:1/x", to, "--src-ca", "/no/file"],
        /certificate authority file "\/no\/file" cannot be read: there is no such file/,
      ],
    ];
    for (const [words, message] of wrong)
      expect(await run("copy", words)).toMatchObject({ status: 2, message: expect.stringMatching(message) });
    expect(await run("copy", [from("nothing"), to])).toMatchObject({
      status: 1,
      message: expect.stringContaining("does not exist"),
    });
    expect(await run("copy", ["localhost:1/x", to])).toMatchObject({
      status: 1,
      message: expect.stringContaining("http://localhost:1/v2/"),
    });
    expect(await run("copy", [from("app"), "oci:/proc/no/where"])).toMatchObject({
      status: 1,
      message: expect.stringContaining("/proc/no"),
    });
    expect(await readdir(folder)).not.toContain("never");
  });

  test("an archive can come from standard input and go to standard output", async () => {
    const spawn = (words: readonly string[], stdin: Uint8Array | "ignore") =>
      Bun.spawn([process.execPath, "-e", COPY_PROCESS, "--", ...words], {
        stdin,
        stdout: "pipe",
        stderr: "pipe",
        env: { HOME: folder, TMPDIR: folder },
      });
    const out = spawn([from("app"), "docker-archive:-:app:1"], "ignore");
    const archive = await out.stdout.bytes();
    expect(await out.exited).toBe(0);
    expect(await namesInTar(new Blob([archive]).stream())).toContain("manifest.json");
    expect(await out.stderr.text()).toContain(`docker.io/library/app:1\t${mine.root.digest}`);
    const back = spawn(["docker-archive:-", `oci:${join(folder, "from-stdin")}:x`], Bun.gzipSync(archive));
    expect(await back.stdout.text()).toBe(`x\t${mine.root.digest}\n`);
  });
});

const lab = requirement("docker-registry");

describe.skipIf(!lab.met)("with a registry", () => {
  let registry: DockerRegistry;
  let host: string;
  beforeAll(async () => {
    registry = await startDockerRegistry({ kind: "none" });
    host = registry.url.replace("http://", "");
  });
  afterAll(() => registry.stop());

  test("copy goes into a registry and between its repositories", async () => {
    expect((await run("copy", [from("app"), `${host}/team/app:1`])).stdout).toBe(
      `${host}/team/app:1\t${index.root.digest}\n`,
    );
    const copied = await run("copy", [`docker://${host}/team/app:1`, `${host}/other/app`, "--json"]);
    expect(JSON.parse(copied.stdout)).toMatchObject([{ digest: index.root.digest, blobs: { copied: 0, mounted: 4 } }]);
  });

  test("upload puts all images of an archive there, without their hosts", async () => {
    const { status, stdout } = await run("upload", [from("many")], { LOCAL_REGISTRY: host });
    expect([status, stdout]).toEqual([
      0,
      `${host}/team/one:1\t${mine.root.digest}\n${host}/two:2\t${other.root.digest}\n`,
    ]);
  });

  test("upload --include-host keeps the whole name, --as gives another", async () => {
    const environment = { LARDER_REGISTRY: `http://${host}` };
    const withHost = await run("upload", ["--include-host", from("app")], environment);
    expect(withHost.stdout).toBe(`${host}/quay.io/team/app:1\t${index.root.digest}\n`);
    const renamed = await run("upload", ["--as", "docker.io/library/own:2", from("nameless"), "--registry", host]);
    expect(renamed.stdout).toBe(`${host}/docker.io/library/own:2\t${mine.root.digest}\n`);
  });

  test("upload says so when an image has no name, or --as would have to name several", async () => {
    const at = ["--registry", host];
    expect(await run("upload", [from("nameless"), ...at])).toMatchObject({
      status: 2,
      message: expect.stringContaining("has no name; give it one with --as"),
    });
    expect(await run("upload", [from("tagged"), ...at])).toMatchObject({
      status: 2,
      message: expect.stringContaining("only the tag v1"),
    });
    expect(await run("upload", [from("many"), "--as", "x", ...at])).toMatchObject({
      status: 2,
      message: expect.stringContaining("2 images"),
    });
    expect(await run("upload", [from("app"), from("many"), "--as", "x", ...at])).toMatchObject({ status: 2 });
  });

  test("upload takes a bare name for one of the container engine's", async () => {
    const none = await run("upload", ["app:1", "--registry", host], { DOCKER_HOST: "unix:///nowhere.sock" });
    expect(none).toMatchObject({ status: 1, message: expect.stringContaining("engine at /nowhere.sock") });
  });

  test("an IPv6 address needs no brackets", async () => {
    const [ipv4, port] = host.split(":");
    const relay = createServer((socket) => socket.pipe(connect(Number(port), ipv4)).pipe(socket));
    await new Promise<void>((resolve) => relay.listen(0, "::1", resolve));
    const address = relay.address();
    const relayPort = typeof address === "object" ? address?.port : 0;
    const { stdout } = await run("upload", [from("app")], { LOCAL_REGISTRY: `::1:${relayPort}` });
    relay.close();
    expect(stdout).toBe(`[::1]:${relayPort}/team/app:1\t${index.root.digest}\n`);
  });
});

describe.skipIf(!lab.met)("with a registry that wants to know who it is", () => {
  let registry: DockerRegistry;
  let host: string;
  beforeAll(async () => {
    registry = await startDockerRegistry({ kind: "basic", username: "user", password: "se:cret" });
    host = registry.url.replace("http://", "");
    await Bun.write(join(folder, "creds"), "user:se:cret\n");
  });
  afterAll(() => registry.stop());

  test("credentials come from a flag, a file, or Docker's configuration", async () => {
    const refused = await run("copy", [from("app"), `${host}/app:0`]);
    expect([refused.status, refused.message]).toEqual([1, expect.stringContaining("401")]);
    expect((await run("copy", [from("app"), `${host}/app:1`, "--dest-creds", "user:se:cret"])).message).toBe("");
    expect(
      (
        await run("copy", [
          `${host}/app:1`,
          `oci:${join(folder, "pulled")}`,
          "--src-creds",
          `@${join(folder, "creds")}`,
        ])
      ).message,
    ).toBe("");
    await Bun.write(
      join(folder, "docker", "config.json"),
      JSON.stringify({ auths: { [host]: { auth: btoa("user:se:cret") } } }),
    );
    expect(
      (await run("upload", [from("app"), "--registry", host], { DOCKER_CONFIG: join(folder, "docker") })).message,
    ).toBe("");
  });
});
