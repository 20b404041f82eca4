/** What `npm run image` builds, looked at by programs that are not larder's. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { lstat, mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buildImage, IMAGE_TARGETS } from "../../build/image/build-image.ts";
import { readElfNeeds } from "../../build/image/elf-needs.ts";
import { keptPackages } from "../../build/image/fetch-debian-packages.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { type BuiltImage, builtImage, testPlan } from "./built-image.ts";

const BUILD_LIMIT_MS = 300_000;
const programs = requirement("root", "skopeo", "umoci", "dpkg-deb", "apt-get", "tar");

type Manifest = {
  readonly layers: readonly { readonly digest: string }[];
  readonly annotations: Record<string, string>;
};

describe.skipIf(!programs.met)("the image", () => {
  let image: BuiltImage;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-layout-"));
    image = await builtImage();
  }, BUILD_LIMIT_MS);
  afterAll(async () => {
    await image?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const inspect = async (tag: string, architecture: string, ...flags: string[]): Promise<unknown> => {
    const place = `oci:${join(image.folder, "image")}:larder:${tag}`;
    return JSON.parse(await outputOf(["skopeo", "inspect", ...flags, "--override-arch", architecture, place]));
  };

  test.each(["amd64", "arm64"])("has a config for %s as its users need it, without surprises", async (architecture) => {
    const config = await inspect("latest", architecture, "--config");
    expect(config).toMatchObject({
      architecture,
      os: "linux",
      config: {
        User: "65532:65532",
        Entrypoint: ["/bin/registry"],
        ExposedPorts: { "5000/tcp": {} },
        Volumes: { "/var/lib/registry": {} },
        StopSignal: "SIGTERM",
        Labels: {
          "org.opencontainers.image.version": image.version,
          "org.opencontainers.image.licenses": "Apache-2.0",
        },
      },
    });
    expect(JSON.stringify(config)).not.toMatch(/BUN_OPTIONS|BUN_BE_BUN|Cmd/);
  });

  test("has a second tag of the same layers that runs as root", async () => {
    const [usual, asRoot] = await Promise.all([
      inspect(image.version, "amd64", "--raw"),
      inspect(`${image.version}-registry`, "amd64", "--raw"),
    ]);
    expect(asRoot).not.toEqual(usual);
    const layers = (tag: string) => inspect(tag, "arm64").then((one) => (one as { Layers: string[] }).Layers);
    expect(await layers("latest-registry")).toEqual(await layers("latest"));
    expect(await inspect("latest-registry", "arm64", "--config")).toMatchObject({ config: { User: "0:0" } });
  });

  test("is for two platforms in one index, and says which larder it is there, too", async () => {
    const index = (await inspect("latest", "amd64", "--raw")) as Manifest & { readonly manifests: readonly object[] };
    expect(index.manifests).toMatchObject([
      { platform: { os: "linux", architecture: "amd64" } },
      { platform: { os: "linux", architecture: "arm64" } },
    ]);
    expect(index.annotations).toMatchObject({ "org.opencontainers.image.version": image.version });
  });

  describe.each(["amd64", "arm64"])("for %s unpacked", (architecture) => {
    let root: string;
    beforeAll(async () => {
      const bundle = join(folder, architecture);
      const narrow = join(folder, `${architecture}.oci`);
      const place = `oci:${join(image.folder, "image")}:larder:latest`;
      await outputOf(["skopeo", "copy", "--quiet", "--override-arch", architecture, place, `oci:${narrow}:one`]);
      await outputOf(["umoci", "unpack", "--image", `${narrow}:one`, bundle]);
      root = join(bundle, "rootfs");
    }, BUILD_LIMIT_MS);

    test("has the loader and each library that a program in it names, and no shell", async () => {
      const { interpreter, libraries } = readElfNeeds(await Bun.file(join(root, "bin/larder")).bytes());
      expect(libraries).toContain("libc.so.6");
      expect((await lstat(join(root, interpreter ?? ""))).isFile()).toBe(true);
      const [triplet = ""] = (await readdir(join(root, "lib"))).filter((name) => name.endsWith("-linux-gnu"));
      const there = await readdir(join(root, "lib", triplet));
      const files = there.map((name) => Bun.file(join(root, "lib", triplet, name)));
      const further = await Promise.all(files.map(async (file) => readElfNeeds(await file.bytes()).libraries));
      for (const name of [...libraries, ...further.flat()])
        expect([...there, basename(interpreter ?? "")]).toContain(name);
      expect((await readdir(join(root, "bin"))).sort()).toEqual(["larder", "registry"]);
      expect(await readlink(join(root, "bin/registry"))).toBe("larder");
    });

    test("has folders that whoever it runs as can write to", async () => {
      const details = async (path: string) => {
        const { uid, gid, mode } = await lstat(join(root, path));
        return [uid, gid, (mode & 0o7777).toString(8)];
      };
      for (const path of ["var/lib/registry", "var/lib/larder"]) expect(await details(path)).toEqual([65532, 0, "770"]);
      expect(await details("tmp")).toEqual([0, 0, "1777"]);
      expect(await details("bin/larder")).toEqual([0, 0, "755"]);
      expect(await details("root")).toEqual([0, 0, "700"]);
    });

    test("trusts the public authorities", async () => {
      const bundle = await readFile(join(root, "etc/ssl/certs/ca-certificates.crt"), "utf8");
      const certificates = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
      expect(certificates.join("")).toBe(bundle);
      const names = certificates.map((one) => new X509Certificate(one).subject);
      expect(names.length).toBeGreaterThan(100);
      expect(names.join("\n")).toContain("CN=ISRG Root X1");
    });

    test("says what of Debian is in it, and has every licence that is named there", async () => {
      const packages = await readdir(join(root, "var/lib/dpkg/status.d"));
      expect(packages.sort()).toEqual(["base-files", "ca-certificates", "libc6"]);
      for (const name of packages) {
        const licence = await readFile(join(root, "usr/share/doc", name, "copyright"), "utf8");
        for (const [path] of licence.matchAll(/\/usr\/share\/common-licenses\/[\w.-]*\w/g))
          expect(await Bun.file(join(root, path)).text()).toMatch(/LICENSE|License/);
        expect(await readFile(join(root, "var/lib/dpkg/status.d", name), "utf8")).toMatch(/^Version: \S+$/m);
      }
      expect(await readFile(join(root, "etc/os-release"), "utf8")).toMatch(/^ID=debian$/m);
      const documents = await readdir(join(root, "usr/share/doc/larder"));
      expect(documents.sort()).toEqual(["LICENSE", "LICENSES.txt", "larder.spdx.json"]);
    });
  });

  test(
    "is built twice to the same bytes, and an upgrade brings one layer of each platform",
    async () => {
      const again = join(folder, "again");
      await buildImage(again, await testPlan());
      const same = ["image/index.json", "larder-image.tar"];
      for (const file of same) expect(await hashOf(join(again, file))).toBe(await hashOf(join(image.folder, file)));
      const next = join(folder, "next");
      const plan = await testPlan({ targets: IMAGE_TARGETS.slice(0, 1), packages: keptPackages("amd64") });
      await buildImage(next, { ...plan, source: { ...plan.source, version: "99.0.0", dateSeconds: 4_000_000_000 } });
      const hashes = (of: string) =>
        Promise.all(["base", "larder"].map((name) => hashOf(join(of, "rootfs", "amd64", `${name}.tar.gz`))));
      const [[oldBase, oldLarder], [newBase, newLarder]] = [await hashes(image.folder), await hashes(next)];
      expect(newBase).toBe(oldBase);
      expect(newLarder).not.toBe(oldLarder);
    },
    BUILD_LIMIT_MS,
  );

  test("is an archive that Docker reads as well: the same images, by its own list", async () => {
    const archive = join(image.folder, "larder-image.tar");
    const list = JSON.parse(await outputOf(["tar", "-xOf", archive, "manifest.json"])) as readonly {
      readonly RepoTags: readonly string[];
      readonly Layers: readonly string[];
    }[];
    expect(list.map(({ RepoTags }) => RepoTags)).toEqual([
      [image.version, "latest"].map((tag) => `docker.io/library/larder:${tag}`),
      [image.version, "latest"].map((tag) => `docker.io/library/larder:${tag}-registry`),
    ]);
    const [{ Layers } = { Layers: [] }] = list;
    const { Layers: digests } = (await inspect("latest", "amd64")) as { readonly Layers: readonly string[] };
    expect(Layers).toEqual(digests.map((digest) => `blobs/${digest.replace(":", "/")}`));
  });
});

async function hashOf(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk);
  return hasher.digest("hex");
}
