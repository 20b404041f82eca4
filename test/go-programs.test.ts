import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goProgramPath, goProgramsAskedForIn, whyUnbuilt } from "./go-programs.ts";

test("a program lies in a folder named by program and version", () => {
  expect(goProgramPath("crane", "/c")).toBe("/c/crane@v0.22.1/crane");
  expect(goProgramPath("kustomize", "/c")).toBe("/c/kustomize@v5.8.3/kustomize");
  expect(goProgramPath("containerd-2.2", "/c")).toBe("/c/containerd@v2.2.9/containerd");
  expect(goProgramPath("containerd-2.4", "/c")).toBe("/c/containerd@v2.4.2/containerd");
});

test("what a test file asks for is read from its text", () => {
  // Put together, lest this very file ask for it.
  const need = (name: string) => `"go:${name}"`;
  const text = `requirement("root", ${need("crane")}, ${need("containerd-2.4")}); ${need("crane")}`;
  expect(goProgramsAskedForIn(text)).toEqual(["crane", "containerd-2.4"]);
  expect(goProgramsAskedForIn("crane")).toEqual([]);
  expect(() => goProgramsAskedForIn(need("cranes"))).toThrow("cranes is not among the programs");
});

test("why a program is missing is said with its version", () => {
  expect(whyUnbuilt("crane")).toStartWith("crane v0.22.1 is not built: ");
});

test("without Go nothing is built, and that is no error", async () => {
  const empty = await mkdtemp(join(tmpdir(), "larder-no-go-"));
  const module = JSON.stringify(join(import.meta.dir, "go-programs.ts"));
  const script = `const { buildGoPrograms } = await import(${module});
    console.log(JSON.stringify(await buildGoPrograms(["crane"], () => {})));`;
  const run = Bun.spawnSync([process.execPath, "-e", script], {
    // Where programs are looked for beyond PATH, Go is on no system.
    env: { PATH: empty, LARDER_TEST_PROGRAMS: empty, HOME: empty },
  });
  expect(JSON.parse(run.stdout.toString())).toEqual({ crane: "Go is not installed" });
  await rm(empty, { recursive: true });
});
