/**
 * Which images of an index are meant is answered alike by whoever is asked: a larder and a registry that is none, what
 * looks, what fetches, what copies and what converts.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { mapBounded } from "../../src/lib/async/map-bounded.ts";
import { type DockerRegistry, startDockerRegistry } from "../../src/upstream/docker-registry.fixture.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { startLarder } from "../conformance/larder-process.ts";
import { requirement } from "../requirement.ts";
import { layerOf, pushShelfImage, type ShelfImage, shelfImages } from "./image-shelf.ts";
import { runLarder } from "./run-larder.ts";
import { blobFileOf, hostOf, nearName, TestSite } from "./test-site.ts";

const lab = requirement("docker-registry", "tar");

/** What each image gives for a selection: the names of what is chosen; null where there is nothing for the platform. */
type Expected = Readonly<Record<string, readonly string[] | null>>;

/** A row of what `has` and `cache` say of images. */
type Outcome = { readonly image: string; readonly status: string };

const SELECTIONS: Readonly<Record<string, { readonly flags: readonly string[]; readonly expected: Expected }>> = {
  "linux/arm/v7": {
    flags: ["--platform", "linux/arm/v7"],
    expected: {
      variants: ["linux/arm/v7"],
      older: ["linux/arm/v6"],
      levels: null,
      unnamed: ["linux/arm/v6"],
      half: ["linux/arm/v7"],
      nested: ["linux/arm/v6"],
      lone: null,
      foreign: null,
      artifact: ["artifact"],
      attestations: null,
      windows: null,
      gone: null,
    },
  },
  "linux/amd64/v3": {
    flags: ["--platform", "linux/amd64/v3"],
    expected: {
      variants: ["linux/amd64"],
      older: ["linux/amd64"],
      levels: ["linux/amd64/v3"],
      unnamed: ["linux/amd64"],
      half: ["linux/amd64"],
      nested: ["linux/amd64"],
      lone: ["linux/amd64"],
      foreign: null,
      artifact: ["artifact"],
      attestations: null,
      windows: ["linux/amd64"],
      gone: ["linux/amd64"],
    },
  },
  "windows(10.0.26100)/amd64": {
    flags: ["--platform", "windows(10.0.26100.1)/amd64"],
    expected: {
      variants: null,
      older: null,
      levels: null,
      unnamed: null,
      half: null,
      nested: null,
      lone: null,
      foreign: null,
      artifact: ["artifact"],
      attestations: null,
      windows: ["windows(10.0.20348.1)/amd64"],
      gone: null,
    },
  },
  // Two platforms: of an index both, of what is no index an image that is for both.
  "linux/amd64 and linux/arm/v6": {
    flags: ["--platform", "linux/amd64", "--platform", "linux/arm/v6"],
    expected: {
      variants: ["linux/amd64", "linux/arm/v6"],
      older: ["linux/amd64", "linux/arm/v6"],
      levels: null,
      unnamed: ["linux/amd64", "linux/arm/v6"],
      half: null,
      nested: ["linux/amd64", "linux/arm/v6"],
      lone: null,
      foreign: null,
      artifact: ["artifact"],
      attestations: null,
      windows: null,
      gone: null,
    },
  },
};

describe.skipIf(!lab.met).each(Object.entries(SELECTIONS))("for %s", (selection, { flags, expected }) => {
  const names = Object.keys(expected);
  const wanted = names.filter((name) => expected[name] !== null);
  const repository = `choosing/${selection.replaceAll(/[^a-z0-9]+/g, "-")}`;
  let site: TestSite;
  let plain: DockerRegistry;
  let images: Readonly<Record<string, ShelfImage>>;
  beforeAll(async () => {
    [site, plain, images] = await Promise.all([
      TestSite.open(),
      startDockerRegistry({ kind: "none" }),
      shelfImages(selection),
    ]);
    for (const [name, image] of Object.entries(images)) {
      await pushShelfImage(site.upstream.url, `${repository}/${name}:1`, image);
    }
    const gone = images["gone"]?.leaves.get("linux/arm/v7")?.root.digest;
    await fetch(`${site.upstream.url}/v2/${repository}/gone/manifests/${gone}`, { method: "DELETE" });
  });
  afterAll(() => Promise.all([site?.close(), plain?.stop()]));

  const imageNamed = (name: string) => `${nearName(site.upstream)}/${repository}/${name}:1`;
  const nameIn = (image: string) => image.split("/").at(-1)?.replace(":1", "") ?? "";
  /** The images whose outcome is good. */
  const goodOf = (output: string, isGood: (row: Outcome) => boolean) =>
    (JSON.parse(output) as Outcome[]).filter(isGood).map(({ image }) => nameIn(image));
  /** The names of the images in `name` whose layers are somewhere. */
  const presentOf = async (name: string, isThere: (layer: string) => Promise<boolean>) => {
    const leaves = [...(images[name]?.leaves ?? [])];
    const there = await Promise.all(leaves.map(([, leaf]) => isThere(layerOf(leaf))));
    return leaves.flatMap(([leaf], at) => (there[at] === true ? [leaf] : [])).sort();
  };

  test("a registry has, or has not", async () => {
    const asked = names.map(imageNamed);
    const { output, errors } = await runLarder(hostOf(site.upstream.url), ["has", "--json", ...flags, ...asked]);
    expect(
      goodOf(output, ({ status }) => status === "whole"),
      errors,
    ).toEqual(wanted);
  });

  test("larder fetches just what is meant, has it then, and lists it", async () => {
    const asked = names.map(imageNamed);
    const fetched = await site.run("cache", "--json", ...flags, ...asked);
    expect(
      goodOf(fetched.output, ({ status }) => status === "brought" || status === "present"),
      fetched.output,
    ).toEqual(wanted);
    const { output } = await site.run("has", "--json", ...flags, ...asked);
    expect(
      goodOf(output, ({ status }) => status === "whole"),
      output,
    ).toEqual(wanted);
    const rows = JSON.parse((await site.run("ls", "--json")).output) as { image: string; platforms: string[] }[];
    for (const name of wanted) {
      const chosen = [...(expected[name] ?? [])].sort();
      const present = await presentOf(name, (layer) => Bun.file(blobFileOf(site.larder, layer)).exists());
      expect([name, present]).toEqual([name, chosen]);
      const listed = rows.find((row) => row.image === imageNamed(name))?.platforms;
      expect([name, listed]).toEqual([name, chosen.filter((leaf) => leaf !== "artifact")]);
    }
  });

  test("a copy from here to another registry takes just the same", async () => {
    const { output } = await runLarder(hostOf(plain.url), ["cache", "--json", ...flags, ...names.map(imageNamed)]);
    expect(
      goodOf(output, ({ status }) => status === "brought" || status === "present"),
      output,
    ).toEqual(wanted);
    for (const name of wanted) {
      const blob = (layer: string) => `${plain.url}/v2/${repository}/${name}/blobs/${layer}`;
      const present = await presentOf(name, async (layer) => (await fetch(blob(layer), { method: "HEAD" })).ok);
      expect([name, present]).toEqual([name, [...(expected[name] ?? [])].sort()]);
    }
  });

  test("so does one into a larder that cannot reach the image's registry", async () => {
    const unreachable = `${nearName(site.upstream)}=http://registry.invalid`;
    const cutOff = await startLarder({ arguments: ["--upstream", unreachable, "--resolver", "127.0.0.1:9"] });
    try {
      const asked = names.map(imageNamed);
      const { output } = await runLarder(hostOf(cutOff.url), ["cache", "--json", ...flags, ...asked]);
      expect(
        goodOf(output, ({ status }) => status === "brought" || status === "present"),
        output,
      ).toEqual(wanted);
      const had = await runLarder(hostOf(cutOff.url), ["has", "--json", ...flags, ...asked]);
      expect(
        goodOf(had.output, ({ status }) => status === "whole"),
        had.output,
      ).toEqual(wanted);
      for (const name of wanted) {
        const present = await presentOf(name, (layer) => Bun.file(blobFileOf(cutOff, layer)).exists());
        expect([name, present]).toEqual([name, [...(expected[name] ?? [])].sort()]);
      }
    } finally {
      await cutOff.stop();
    }
  });

  test("so does a copy into files", async () => {
    await mapBounded(["older", "levels", "unnamed", "half", "nested", "lone", "windows", "gone"], 4, async (name) => {
      const folder = join(site.folder, name);
      const { status } = await runLarder("", ["copy", ...flags, `docker://${imageNamed(name)}`, `oci:${folder}`]);
      expect([name, status]).toEqual([name, expected[name] === null ? 1 : 0]);
      const file = (layer: string) => Bun.file(join(folder, "blobs", "sha256", layer.slice("sha256:".length)));
      const present = await presentOf(name, (layer) => file(layer).exists());
      expect([name, present]).toEqual([name, [...(expected[name] ?? [])].sort()]);
    });
  });

  const arch = { "linux/arm/v7": "armv7l", "linux/amd64/v3": "amd64/v3" }[selection];
  test.skipIf(arch === undefined)("an ACI is made of it, by command and by URL", async () => {
    await mapBounded(["older", "unnamed", "nested", "lone", "foreign"], 2, async (name) => {
      const [chosen] = expected[name] ?? [];
      const digest = chosen === undefined ? null : (images[name]?.leaves.get(chosen)?.root.digest ?? null);
      const out = join(site.folder, `aci-${name}`);
      const source = `docker://${imageNamed(name)}`;
      const command = ["aci", "convert", "--arch", selection.replace("linux/", ""), "--out", out, source];
      const { status, output } = await runLarder("", command);
      expect([name, status === 0 ? await manifestHash(output.trim()) : null]).toEqual([name, digest]);
      const url = `${site.larder.url}/aci/${imageNamed(name)}.aci?os=linux&arch=${arch}`;
      const answer = await fetch(url);
      const file = join(out, "served.aci");
      if (answer.ok) await Bun.write(file, answer);
      expect([name, answer.ok ? await manifestHash(file) : null]).toEqual([name, digest]);
    });
  });
});

describe.skipIf(!lab.met)("where nothing is said of platforms, or all are wanted,", () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await TestSite.open();
    for (const [name, image] of Object.entries(await shelfImages("whole"))) {
      await pushShelfImage(site.upstream.url, `whole/${name}:1`, image);
    }
  });
  afterAll(() => site?.close());
  const imageNamed = (name: string) => `${nearName(site.upstream)}/whole/${name}:1`;

  test("an image that is no index comes as it is, for whatever machine it may be", async () => {
    for (const [name, status] of [
      ["foreign", 0],
      ["artifact", 0],
      ["attestations", 1],
    ] as const) {
      const has = () => runLarder(hostOf(site.upstream.url), ["has", imageNamed(name)]);
      expect([name, (await has()).status]).toEqual([name, status]);
      expect([name, (await site.run("cache", imageNamed(name))).status]).toEqual([name, status]);
      expect([name, (await site.run("has", imageNamed(name))).status]).toEqual([name, status]);
    }
  });

  test("everything comes, attestations too, and is looked at alike", async () => {
    const all = ["variants", "unnamed", "nested", "attestations"].map(imageNamed);
    expect((await site.run("cache", "--all-platforms", ...all)).errors).not.toContain("larder:");
    expect((await site.run("has", "--all-platforms", ...all)).errors).toBe("");
    expect((await runLarder(hostOf(site.upstream.url), ["has", "--all-platforms", ...all])).errors).toBe("");
    const unnamed = ["linux/arm64", "linux/arm/v6", "linux/amd64"];
    const platforms = (output: string) => (JSON.parse(output) as { platforms: { platform: string }[] }).platforms;
    for (const address of [hostOf(site.larder.url), hostOf(site.upstream.url)]) {
      const { output } = await runLarder(address, ["inspect", "--json", imageNamed("unnamed")]);
      expect(platforms(output).map(({ platform }) => platform)).toEqual(unnamed);
    }
    const listed = async (address: string) => {
      const rows = JSON.parse((await runLarder(address, ["ls", "--json"])).output) as Row[];
      return new Map(rows.map(({ image, platforms: named }) => [image.split("/").at(-1), named]));
    };
    const [here, there] = [await listed(hostOf(site.larder.url)), await listed(hostOf(site.upstream.url))];
    for (const name of ["variants:1", "unnamed:1", "nested:1", "attestations:1"]) {
      expect([name, here.get(name)]).toEqual([name, there.get(name)]);
    }
  });
});

type Row = { readonly image: string; readonly platforms: readonly string[] };

/** The digest of the manifest that an ACI was made of. */
async function manifestHash(file: string): Promise<string | null> {
  const manifest = JSON.parse(await outputOf(["tar", "-xOzf", file, "manifest"])) as {
    annotations: { name: string; value: string }[];
  };
  return manifest.annotations.find(({ name }) => name === "appc.io/docker/manifesthash")?.value ?? null;
}
