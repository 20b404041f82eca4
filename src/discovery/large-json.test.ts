import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { discoverImages } from "./discover-images.ts";

test("a list of Kubernetes' objects of any size is read, from a file and from standard input", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-large-"));
  const padding = "x".repeat(10_000);
  const items = Array.from({ length: 2_000 }, (_, i) => {
    const spec = { containers: [{ name: "c", image: `q.io/app:${i % 50}` }] };
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `p${i}`, annotations: { padding } },
      spec,
    });
  });
  const text = `{"apiVersion": "v1", "kind": "List", "items": [\n${items.join(",\n")}\n]}\n`;
  await Bun.write(join(folder, "pods.json"), text);
  const options = { environment: {}, signal: new AbortController().signal };
  const standardInput = () => new Blob([text]).stream();
  for (const found of [
    await discoverImages([folder], options),
    await discoverImages(["-"], { ...options, standardInput }),
  ]) {
    expect(found.problems).toEqual([]);
    expect(new Set(found.images.map(({ written }) => written)).size).toBe(50);
    expect(found.images[9]?.line).toBe(11);
  }
  await rm(folder, { recursive: true });
}, 60_000);
