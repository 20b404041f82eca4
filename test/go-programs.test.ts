import { expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildConformanceOf, goProgramPath, goProgramsAskedForIn, whyUnbuilt } from "./go-programs.ts";

test("a program lies in a folder named by program and version", () => {
  expect(goProgramPath("crane", "/c")).toBe("/c/crane@v0.22.1/crane");
  expect(goProgramPath("kustomize", "/c")).toBe("/c/kustomize@v5.8.3/kustomize");
  expect(goProgramPath("containerd-2.2", "/c")).toBe("/c/containerd@v2.2.9/containerd");
  expect(goProgramPath("containerd-2.4", "/c")).toBe("/c/containerd@v2.4.2/containerd");
  // All of it: two of these differ in the commit alone.
  const folder = "/c/conformance@v0.0.0-20260831232431-97274622c111";
  expect(goProgramPath("conformance", "/c")).toBe(`${folder}/conformance`);
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

test.skipIf(Bun.which("go") === null).each([".", "conformance"])(
  "a conformance suite is built from a checkout that has it in %s",
  async (place) => {
    const checkout = await mkdtemp(join(tmpdir(), "larder-checkout-"));
    await mkdir(join(checkout, place), { recursive: true });
    await writeFile(join(checkout, place, "go.mod"), "module larder.test/conformance\n\ngo 1.21\n");
    await writeFile(join(checkout, place, "main.go"), 'package main\n\nfunc main() { println("built here") }\n');
    const program = join(checkout, "program");
    await buildConformanceOf(checkout, program);
    expect(Bun.spawnSync([program]).stderr.toString()).toBe("built here\n");
    await rm(checkout, { recursive: true });
  },
  120_000,
);

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
