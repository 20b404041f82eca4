/** `access: upstream` with unmodified clients: each gets private images by its own credentials for the registry, as far as it sends them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { USER } from "../../src/upstream/auth/token-service.fixture.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { PRIVATE, PrivateRegistry, PUBLIC } from "../faults/private-registry.ts";
import { findGoProgram } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { pullByCri } from "./cri.ts";
import { runCommand } from "./run-command.ts";

const HOST = "private.test";
const RIGHT = Buffer.from(`${USER.username}:${USER.password}`).toString("base64");

let registry: PrivateRegistry;
let larder: LarderProcess;
let folder: string;
let authority: string;

const lab = requirement("docker-registry", "openssl", "skopeo");

describe.skipIf(!lab.met)(`private images through larder (${lab.reason})`, () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-private-images-"));
    registry = await PrivateRegistry.start();
    const upstreams = Object.fromEntries(
      [HOST, "docker.io"].map((host) => [host, { endpoint: registry.url, access: "upstream", tags: "always" }]),
    );
    await Bun.write(join(folder, "larder.yaml"), JSON.stringify({ upstreams, credentials: join(folder, "none.json") }));
    await Bun.write(join(folder, "none.json"), "{}");
    const online = ["--upstream", "unused.test=http://127.0.0.1:9"];
    larder = await startLarder({ arguments: ["--config", join(folder, "larder.yaml"), ...online] });
    authority = new URL(larder.url).host;
  });
  afterAll(async () => {
    await larder.stop();
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** A file of credentials under a registry's name; null: an empty one. */
  const authFile = async (name: string | null): Promise<string> => {
    const at = join(folder, crypto.randomUUID());
    await mkdir(at);
    const auths = name === null ? {} : { [name]: { auth: RIGHT } };
    await Bun.write(join(at, "config.json"), JSON.stringify({ auths }));
    return at;
  };
  const run = (argv: string[], environment: Record<string, string> = {}) =>
    runCommand(argv, {
      environment: { HOME: folder, PATH: process.env["PATH"] ?? "", ...environment },
      timeoutMs: 60_000,
    });

  test("skopeo, by a mirror's name: with an entry for it, and not with the registry's own", async () => {
    // skopeo reads it below HOME.
    const conf = join(folder, ".config", "containers", "registries.conf");
    const mirror = `location = "${authority}/${HOST}"\ninsecure = true`;
    await Bun.write(conf, `[[registry]]\nlocation = "${HOST}"\n[[registry.mirror]]\n${mirror}\n`);
    const copy = async (path: string, entry: string | null) => {
      const target = `dir:${join(folder, crypto.randomUUID())}`;
      const auth = join(await authFile(entry), "config.json");
      const argv = ["skopeo", "copy", "--quiet", "--src-authfile", auth, `docker://${HOST}/${path}:1`, target];
      return (await run(argv)).status;
    };
    expect(await copy(PUBLIC, null)).toBe(0);
    expect(await copy(PRIVATE, null)).not.toBe(0);
    expect(await copy(PRIVATE, HOST)).not.toBe(0);
    expect(await copy(PRIVATE, `${authority}/${HOST}`)).toBe(0);
    expect(await copy(PRIVATE, authority)).toBe(0);
  }, 120_000);

  const crane = requirement("go:crane");
  test.skipIf(!crane.met)(
    "crane, directly; who is refused reads why",
    async () => {
      const digest = async (entry: string | null, path = PRIVATE) =>
        run([findGoProgram("crane") ?? "crane", "--insecure", "digest", `${authority}/${HOST}/${path}:1`], {
          DOCKER_CONFIG: await authFile(entry),
        });
      expect((await digest(`${authority}/${HOST}`)).output).toContain(registry.images[PRIVATE].manifest.digest);
      expect((await digest(null, PUBLIC)).status).toBe(0);
      const refused = await digest(null);
      expect(refused.status).not.toBe(0);
      expect(refused.errors).toContain(`log in with credentials of ${HOST}`);
    },
    60_000,
  );

  const cri = requirement("root", "containerd");
  test.skipIf(!cri.met)(
    "containerd, as the kubelet calls it: with a pull secret of the registry",
    async () => {
      const at = join(folder, "containerd");
      const host = `server = "http://127.0.0.1:9"\n[host."${larder.url}"]\ncapabilities = ["pull", "resolve"]\n`;
      await Bun.write(join(at, "certs.d", HOST, "hosts.toml"), host);
      const socket = join(at, "containerd.sock");
      const plugin = `[plugins."io.containerd.grpc.v1.cri"`;
      await Bun.write(
        join(at, "config.toml"),
        `version = 2\nroot = "${at}/root"\nstate = "${at}/state"\n[grpc]\naddress = "${socket}"\n` +
          `${plugin}.containerd]\nsnapshotter = "native"\n${plugin}.registry]\nconfig_path = "${at}/certs.d"\n`,
      );
      const daemon = Bun.spawn(["containerd", "--config", join(at, "config.toml")], {
        stdin: "ignore",
        stdout: "ignore",
        stderr: "ignore",
      });
      try {
        const isReady = async () => (await run(["ctr", "--address", socket, "version"])).status === 0;
        await until("containerd answers", isReady, 30_000);
        const image = `${HOST}/${PRIVATE}:1`;
        await expect(pullByCri(socket, image)).rejects.toThrow("403");
        await expect(pullByCri(socket, image, { ...USER, password: "wrong" })).rejects.toThrow("401");
        expect(await pullByCri(socket, `${HOST}/${PUBLIC}:1`)).toStartWith("sha256:");
        const [config] = registry.images[PRIVATE].blobs;
        expect(await pullByCri(socket, image, USER)).toBe(config?.digest as never);
      } finally {
        daemon.kill("SIGKILL");
        await daemon.exited;
      }
    },
    120_000,
  );
});
