/**
 * Manifests and charts as their projects ship them, fetched as Go modules (none is kept here): metrics-server,
 * MetalLB (both Apache-2.0) and Zalando's postgres-operator (MIT).
 */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { formatReference } from "../oci/reference.ts";
import { discoverImages } from "./discover-images.ts";

/** The module's folder, or null when there is no Go or no proxy to be had. */
async function fetchModule(module: string): Promise<string | null> {
  const go = Bun.which("go");
  if (go === null) return null;
  const fetching = Bun.spawn([go, "mod", "download", "-json", module], {
    stdout: "pipe",
    stderr: "ignore",
    timeout: 60_000,
  });
  const answer = await fetching.stdout.text();
  return /"Dir": "([^"]+)"/.exec(answer)?.[1] ?? null;
}

const [metricsServer, metallb, postgres] = await Promise.all(
  [
    "sigs.k8s.io/metrics-server@v0.7.2",
    "go.universe.tf/metallb@v0.14.9",
    "github.com/zalando/postgres-operator@v1.14.0",
  ].map(fetchModule),
);

async function imagesBelow(folder: string | null | undefined, path: string, strict = true) {
  const { images, problems } = await discoverImages([join(folder ?? "", path)], {
    environment: {},
    signal: new AbortController().signal,
    strict,
  });
  return {
    names: [...new Set(images.map(({ reference }) => formatReference(reference)))].sort(),
    errors: problems.filter(({ severity }) => severity === "error"),
    images,
  };
}

describe("what projects ship", () => {
  test.skipIf(metricsServer == null)("metrics-server: its chart and its kustomizations", async () => {
    expect(await imagesBelow(metricsServer, "charts/metrics-server")).toMatchObject({
      names: ["registry.k8s.io/metrics-server/metrics-server:v0.7.1"],
      errors: [],
    });
    const release = await imagesBelow(metricsServer, "manifests/overlays/release");
    expect(release.names).toEqual(["registry.k8s.io/metrics-server/metrics-server:v0.7.2"]);
    expect(release.images[0]).toMatchObject({ source: "kustomize", kind: "field" });
  });

  test.skipIf(metallb == null)("MetalLB: its chart with a subchart, and its manifests", async () => {
    const chart = await imagesBelow(metallb, "charts/metallb");
    expect(chart.names).toEqual([
      "quay.io/frrouting/frr:9.1.0",
      "quay.io/metallb/controller:v0.14.9",
      "quay.io/metallb/speaker:v0.14.9",
    ]);
    for (const { file, line } of chart.images) {
      const text = await Bun.file(file).text();
      expect(text.split("\n")[(line ?? 0) - 1]).toContain("image:");
    }
  });

  test.skipIf(postgres == null)(
    "postgres-operator: images in a custom resource, in charts and in manifests",
    async () => {
      const chart = await imagesBelow(postgres, "charts/postgres-operator", false);
      expect(chart.names).toContain("ghcr.io/zalando/postgres-operator:v1.14.0");
      expect(chart.names).toContain("ghcr.io/zalando/spilo-17:4.0-p2");
      expect(chart.errors).toEqual([]);
    },
  );
});
