import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { MEDIA_TYPE } from "../../src/oci/media-type.ts";
import { hostPlatform } from "../../src/oci/platform.ts";
import { requirement } from "../requirement.ts";
import { writeContainersSettings } from "./containers-settings.ts";
import { type BuiltImage, buildImage, IMAGE_NEEDS } from "./image-factory.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { podmanOn, runPodman } from "./podman.ts";

const TIMEOUT_MS = 60_000;

describe.skipIf(!requirement(...LAB_NEEDS, ...IMAGE_NEEDS, "skopeo", "podman").met)("besides pull and push", () => {
  let lab: NetworkLab;
  let node: LabHost;
  let index: BuiltImage;
  const skopeo = (...argv: string[]) => node.exec(["skopeo", ...argv]);

  beforeAll(async () => {
    lab = await NetworkLab.create();
    const registry = await lab.addHost("registry");
    await startLarder(registry, "--open");
    node = await lab.addHost("node");
    await node.setHostsFile({ "quay.io": [registry.ipv6], "registry.k8s.io": [registry.ipv4] });
    await writeContainersSettings(node, { plainHttp: ["quay.io", "registry.k8s.io"], mirrors: {} });
    const platforms = [{ os: "linux", architecture: "s390x" }, hostPlatform()];
    index = await buildImage(await lab.makeFolder("images"), { name: "index", platforms });
    await skopeo("copy", "--quiet", "--all", `oci:${index.layout}:image`, "docker://quay.io/kinds/index:1");
  }, TIMEOUT_MS);
  afterAll(() => lab.close());

  test(
    "skopeo turns an OCI index into Docker's manifest list, which podman pulls",
    async () => {
      const image = "quay.io/kinds/docker:1";
      await skopeo("copy", "--quiet", "--all", "--format", "v2s2", `oci:${index.layout}:image`, `docker://${image}`);
      const list = JSON.parse(await skopeo("inspect", "--raw", `docker://${image}`)) as { mediaType: string };
      expect(list.mediaType).toBe(MEDIA_TYPE.dockerList);
      await podmanOn(node).pull(image);
      const files = await podmanOn(node).digestsOfFiles(image, [...index.files.keys()]);
      expect(files).toEqual([...index.files.values()]);
    },
    TIMEOUT_MS,
  );

  test(
    "podman writes an index of manifests that are there, in another repository",
    async () => {
      await runPodman(node, "manifest", "create", "quay.io/kinds/assembled:1");
      const source = `docker://quay.io/kinds/index@${index.manifestDigest}`;
      await runPodman(node, "manifest", "add", "quay.io/kinds/assembled:1", source);
      const image = "quay.io/others/assembled:2";
      await runPodman(node, "manifest", "push", "--all", "quay.io/kinds/assembled:1", `docker://${image}`);
      const assembled = JSON.parse(await skopeo("inspect", "--raw", `docker://${image}`)) as Record<string, unknown>;
      expect(assembled["mediaType"]).toBe(MEDIA_TYPE.ociIndex);
      expect(assembled["manifests"]).toMatchObject([{ digest: index.manifestDigest }]);
    },
    TIMEOUT_MS,
  );

  test(
    "podman searches the catalog of the host that it asks, and no other's",
    async () => {
      await skopeo("copy", "--quiet", "docker://quay.io/kinds/index:1", "docker://registry.k8s.io/elsewhere:1");
      const found = await runPodman(node, "search", "--format", "{{.Name}}", "quay.io/");
      expect(found.split("\n")).toContain("quay.io/kinds/index");
      expect(found).not.toContain("elsewhere");
    },
    TIMEOUT_MS,
  );

  test(
    "skopeo lists tags and deletes one",
    async () => {
      for (const tag of ["a", "b"]) {
        await skopeo("copy", "--quiet", `oci:${index.layout}:image`, `docker://quay.io/kinds/tags:${tag}`);
      }
      const tags = JSON.parse(await skopeo("list-tags", "docker://quay.io/kinds/tags")) as { Tags: string[] };
      expect(tags.Tags).toEqual(["a", "b"]);
      await skopeo("delete", "docker://quay.io/kinds/tags:a");
      const gone = await node.run(["skopeo", "inspect", "--raw", "docker://quay.io/kinds/tags:a"]);
      expect(gone.errors).toContain("manifest unknown");
    },
    TIMEOUT_MS,
  );

  test(
    "many clients copy the same image at once",
    async () => {
      const copies = Array.from({ length: 8 }, (_, number) => join(node.folder, `copy-${number}`));
      await Promise.all(
        copies.map((copy) =>
          skopeo("copy", "--quiet", "--all", "--preserve-digests", "docker://quay.io/kinds/index:1", `oci:${copy}:x`),
        ),
      );
      for (const copy of copies) {
        const { manifests } = (await Bun.file(join(copy, "index.json")).json()) as { manifests: { digest: string }[] };
        expect(manifests.map(({ digest }) => digest)).toEqual([index.digest]);
      }
    },
    TIMEOUT_MS,
  );
});
