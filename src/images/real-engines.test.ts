import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { requirement } from "../../test/requirement.ts";
import { until } from "../../test/until.ts";
import { ContainerTools } from "./container-tools.fixture.ts";
import { openDaemonSink, openDaemonSource } from "./engine/daemon-images.ts";
import { EngineClient } from "./engine/engine-client.ts";
import { copyEverything, openFileSink, openFileSource } from "./transports.fixture.ts";

const NEVER = new AbortController().signal;

/** An engine that runs for the tests. `program` and its words; `socket` appears when it is ready. */
async function start(words: readonly string[], socket: string) {
  const environment = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` };
  const child = Bun.spawn([...words], { stdin: "ignore", stdout: "ignore", stderr: "ignore", env: environment });
  await until(`${words[0]} has started`, () => {
    if (child.exitCode !== null) throw new Error(`${words[0]} ended with status ${child.exitCode}`);
    return existsSync(socket);
  });
  return async () => {
    child.kill();
    await child.exited;
  };
}

/** The engines, as the words that start them with a socket at `socket`. */
const engines = [
  {
    program: "podman",
    words: (tools: ContainerTools, socket: string) => [
      "podman",
      ...tools.storage(),
      "--cgroup-manager=cgroupfs",
      "system",
      "service",
      "--time=0",
      `unix://${socket}`,
    ],
  },
  {
    program: "dockerd",
    words: (tools: ContainerTools, socket: string) =>
      [
        [
          "dockerd",
          "--bridge=none",
          "--iptables=false",
          "--ip6tables=false",
          "--ip-forward=false",
          "--storage-driver=vfs",
        ],
        [`--data-root=${tools.path("docker")}`, `--exec-root=${tools.path("docker-run")}`],
        [`--pidfile=${tools.path("docker.pid")}`, `--host=unix://${socket}`],
      ].flat(),
  },
] as const;

for (const { program, words } of engines) {
  const lab = requirement("namespaces", "podman", "buildah", "skopeo", program);
  describe.skipIf(!lab.met)(`${program}'s own images`, () => {
    let tools: ContainerTools;
    let id: string;
    let stop: () => Promise<void>;
    let client: EngineClient;
    beforeAll(async () => {
      tools = await ContainerTools.open();
      id = await tools.build("localhost/app:1", ["a lower layer ".repeat(50_000), "an upper one"]);
      await tools.podman("save", "--quiet", "--format", "oci-archive", "--output", "app.tar", "localhost/app:1");
      stop = await start(words(tools, tools.path("engine.sock")), tools.path("engine.sock"));
      client = new EngineClient({ kind: "socket", path: tools.path("engine.sock") }, NEVER);
    }, 60_000);
    afterAll(async () => {
      await stop();
      await tools.close();
    });

    /** Loads the image of `from`, and hands back the ID that the engine knows it by. */
    async function load(from: string, name: string): Promise<string> {
      const sink = openDaemonSink(client, name, `docker-daemon:${name}`, tools.folder);
      const [loaded] = await copyEverything(openFileSource(from, tools.folder), sink);
      expect(loaded?.name).toBe(name);
      const look = await fetch(`http://engine/images/${name}/json`, { unix: tools.path("engine.sock") });
      const { Id } = (await look.json()) as { Id: string };
      return Id.startsWith("sha256:") ? Id : `sha256:${Id}`;
    }

    test("an image goes in and comes out with the config that it has", async () => {
      expect(await load(`oci-archive:${tools.path("app.tar")}`, "example.com/gzip:1")).toBe(id);
      const source = openDaemonSource(client, "example.com/gzip:1", "docker-daemon:example.com/gzip:1", {
        directory: tools.folder,
        signal: NEVER,
      });
      const [saved] = await copyEverything(source, openFileSink(`dir:${tools.path("saved")}`));
      expect(saved).toMatchObject({ manifests: 1, isBuilt: true });
      expect(await Bun.file(tools.path(`saved/${id.slice("sha256:".length)}`)).exists()).toBe(true);
    });

    test("an image whose layers are compressed with zstd goes in", async () => {
      const [gzip, zstd] = [`oci-archive:${tools.path("app.tar")}`, `dir:${tools.path("zstd")}`];
      await tools.skopeo("copy", "--quiet", "--dest-compress", "--dest-compress-format", "zstd", gzip, zstd);
      expect(await load(zstd, "example.com/zstd:1")).toBe(id);
    });

    test("an image that it does not have is an error that names it", async () => {
      const opening = openDaemonSource(client, "no/such:1", "docker-daemon:no/such:1", {
        directory: tools.folder,
        signal: NEVER,
      });
      await expect(opening).rejects.toThrow("docker-daemon:no/such:1: the container engine has no image of this name");
    });
  });
}

const containerd = requirement("namespaces", "containerd", "ctr", "podman", "buildah", "skopeo");

describe.skipIf(!containerd.met)("containerd", () => {
  let tools: ContainerTools;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    tools = await ContainerTools.open();
    await tools.build("localhost/app:1", ["a layer"]);
    await tools.podman("save", "--quiet", "--format", "oci-archive", "--output", "app.tar", "localhost/app:1");
    const socket = tools.path("containerd.sock");
    const words = ["containerd", "--root", tools.path("lib"), "--state", tools.path("state"), "--address", socket];
    stop = await start([...words, "--config", "/dev/null"], socket);
  }, 60_000);
  afterAll(async () => {
    await stop();
    await tools.close();
  });

  test("imports larder's archives under their names and with their digests", async () => {
    for (const transport of ["docker-archive", "oci-archive"]) {
      const name = `example.com/${transport}:1`;
      const sink = openFileSink(`${transport}:${tools.path(`${transport}.tar`)}:${name}`);
      const [copied] = await copyEverything(openFileSource(`oci-archive:${tools.path("app.tar")}`, tools.folder), sink);
      const ctr = ["--address", tools.path("containerd.sock"), "images"];
      await tools.run("ctr", ...ctr, "import", "--snapshotter", "native", tools.path(`${transport}.tar`));
      const listed = await tools.run("ctr", ...ctr, "ls");
      expect(listed.split("\n").find((line) => line.startsWith(name))).toContain(copied?.digest ?? "nothing");
    }
  });
});
