/** What larder's image becomes: an ACI, an image of a Containerfile's, a program on another processor, a copy by larder itself. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LARDER } from "../command-line/run-larder.ts";
import { startLarder } from "../conformance/larder-process.ts";
import { outputOf, runCommand } from "../end-to-end/run-command.ts";
import { findProgram } from "../debian-packages.ts";
import { findGoProgram } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import { type BuiltImage, builtImage } from "./built-image.ts";

const LIMIT_MS = 300_000;
const programs = requirement("root", "skopeo", "umoci", "dpkg-deb", "apt-get", "tar");
const validator = requirement("actool");
const builder = requirement("buildah");
const emulator = requirement("qemu-aarch64-static");
const crane = requirement("go:crane");

describe.skipIf(!programs.met)("larder's image", () => {
  let image: BuiltImage;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-becomes-"));
    image = await builtImage();
  }, LIMIT_MS);
  afterAll(async () => {
    await image?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** The folder of the image's root for a processor, as umoci unpacks it. */
  const unpack = async (layout: string, name: string): Promise<string> => {
    const bundle = await mkdtemp(join(folder, "bundle-"));
    await outputOf(["umoci", "unpack", "--image", `${layout}:${name}`, join(bundle, "b")]);
    return join(bundle, "b", "rootfs");
  };
  const narrow = async (architecture: string): Promise<string> => {
    const layout = join(folder, `narrow-${architecture}-${crypto.randomUUID()}`);
    const source = `oci:${join(image.folder, "image")}:larder:latest`;
    await outputOf(["skopeo", "copy", "-q", "--override-arch", architecture, source, `oci:${layout}:one`]);
    return layout;
  };

  test.skipIf(!validator.met)(
    "becomes an ACI that rkt's validator takes, with the port and the volume under the names of registry:2's",
    async () => {
      for (const [architecture, asRkt] of [
        ["amd64", "amd64"],
        ["arm64", "aarch64"],
      ] as const) {
        const out = await mkdtemp(join(folder, "aci-"));
        const source = `oci:${join(image.folder, "image")}:larder:latest-registry`;
        await outputOf([LARDER, "aci", "convert", source, "--arch", architecture, "--out", out], {
          environment: { HOME: folder },
        });
        const [file = ""] = await readdir(out);
        await outputOf(["actool", "validate", join(out, file)]);
        expect(JSON.parse(await outputOf(["tar", "-xOzf", join(out, file), "manifest"]))).toMatchObject({
          labels: expect.arrayContaining([{ name: "arch", value: asRkt }]),
          app: {
            exec: ["/bin/registry"],
            user: "0",
            group: "0",
            ports: [{ name: "5000-tcp", port: 5000, protocol: "tcp" }],
            mountPoints: [{ name: "volume-var-lib-registry", path: "/var/lib/registry" }],
          },
        });
      }
    },
    LIMIT_MS,
  );

  test.skipIf(!builder.met)(
    "is what the Containerfile builds",
    async () => {
      const storage = ["--root", join(folder, "b"), "--runroot", join(folder, "r"), "--storage-driver", "vfs"];
      const buildah = (...argv: string[]) =>
        outputOf(["buildah", ...storage, ...argv], {
          environment: { HOME: folder, TMPDIR: folder },
          timeoutMs: LIMIT_MS,
        });
      await Bun.write(join(folder, "policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}');
      const policy = ["--signature-policy", join(folder, "policy.json")];
      const file = join(import.meta.dir, "../../deploy/Containerfile");
      const built = join(folder, "built");
      const context = join(image.folder, "rootfs");
      await buildah("bud", ...policy, "--platform", "linux/amd64", "-f", file, "-t", "larder", context);
      await buildah("push", ...policy, "larder", `oci:${built}:one`);
      const [theirs, ours] = await Promise.all([
        configOf(`oci:${built}:one`),
        configOf(`oci:${await narrow("amd64")}:one`),
      ]);
      const { Labels: _, ...usual } = ours;
      expect(theirs).toMatchObject(usual);
      const [one, other] = [await unpack(built, "one"), await unpack(await narrow("amd64"), "one")];
      expect(await listOf(one)).toBe(await listOf(other));
    },
    LIMIT_MS,
  );

  test.skipIf(!emulator.met)(
    "starts on arm64",
    async () => {
      const root = await unpack(await narrow("arm64"), "one");
      const qemu = [findProgram("qemu-aarch64-static") ?? "", "-L", root, join(root, "bin/larder")];
      const said = await outputOf([...qemu, "version"], { environment: { HOME: folder } });
      expect(said).toContain(`larder ${image.version}\n`);
      expect(said).toContain("linux/arm64");
      const argv = [...qemu, "serve", "--offline", "--http", "127.0.0.1:0", "--data", join(folder, "arm-data")];
      const child = Bun.spawn(argv, {
        env: { HOME: folder, RUNTIME_DIRECTORY: join(folder, "run") },
        stdout: "pipe",
        stderr: "ignore",
      });
      try {
        const url = await firstUrl(child.stdout);
        expect((await fetch(`${url}/v2/`)).status).toBe(200);
      } finally {
        child.kill("SIGTERM");
      }
      expect(await child.exited).toBe(0);
    },
    LIMIT_MS,
  );

  test(
    "goes to a registry by larder itself, whole and unchanged",
    async () => {
      const larder = await startLarder();
      try {
        const host = new URL(larder.url).host;
        for (const tag of [image.version, `${image.version}-registry`]) {
          const source = `oci:${join(image.folder, "image")}:larder:${tag}`;
          const { status, errors } = await runCommand(
            [LARDER, "copy", "--all-platforms", source, `docker://${host}/larder:${tag}`],
            {
              environment: { HOME: folder },
            },
          );
          expect([status, errors]).toEqual([0, expect.any(String)]);
          const raw = ["skopeo", "inspect", "--raw", "--tls-verify=false"];
          expect(await outputOf([...raw, `docker://${host}/larder:${tag}`])).toBe(await outputOf([...raw, source]));
        }
        if (crane.met)
          for (const platform of ["linux/amd64", "linux/arm64"])
            await outputOf(
              [
                findGoProgram("crane") ?? "",
                "validate",
                "--remote",
                `${host}/larder:${image.version}`,
                "--platform",
                platform,
              ],
              { timeoutMs: LIMIT_MS },
            );
      } finally {
        await larder.stop();
      }
    },
    LIMIT_MS,
  );
});

async function configOf(place: string): Promise<Record<string, unknown>> {
  const { config } = JSON.parse(await outputOf(["skopeo", "inspect", "--config", place])) as {
    config: Record<string, unknown>;
  };
  return config;
}

/** Every file of a root with its kind, mode, owner and content. */
function listOf(root: string): Promise<string> {
  const script = `cd "$1" && find . -printf '%p %y %m %U:%G %l\\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum`;
  return outputOf(["sh", "-c", script, "sh", root]);
}

async function firstUrl(output: ReadableStream<Uint8Array>): Promise<string> {
  let said = "";
  for await (const chunk of output) {
    said += new TextDecoder().decode(chunk);
    const url = /http:\/\/127\.0\.0\.1:\d+(?=\n)/.exec(said)?.[0];
    if (url !== undefined) return url;
  }
  throw new Error(`no address in: ${said}`);
}
