import { afterAll, beforeAll, expect, test } from "bun:test";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBinary } from "../../build/build-binary.ts";
import { readProductionPackages } from "../../build/lock-file.ts";
import { CHECKOUT } from "../../build/source-version.ts";
import { hostTarget } from "../../build/target.ts";
import { bundlePage } from "../../src/http/web/bundle-page.ts";
import { startLarder } from "../conformance/larder-process.ts";
import { outputOf, runCommand } from "../end-to-end/run-command.ts";

const SOURCE = { version: "1.2.3-rc.4", commit: "c0ffee", dateSeconds: 1_800_000_000 };

let folder: string;
let binary: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-binary-"));
  binary = join(folder, "larder");
  await buildBinary(hostTarget(), SOURCE, binary);
});
afterAll(() => rm(folder, { recursive: true }));

/** Starts the binary in place of the checkout's program. */
function asTheBinary(): readonly string[] {
  return ["sh", "-c", `shift; exec '${binary}' "$@"`, "sh"];
}

async function hashOf(path: string): Promise<string> {
  return new Bun.CryptoHasher("sha256").update(await Bun.file(path).bytes()).digest("hex");
}

/** The checkout in another place, with what a build needs of node_modules; a link there would show in the bytes. */
async function copyCheckout(to: string): Promise<void> {
  const packages = readProductionPackages().map(({ path }) => path);
  const parts = ["src", "build", "package.json", "package-lock.json", "tsconfig.json", "LICENSE", ...packages];
  for (const part of [...parts, "node_modules/spdx-license-list"]) {
    // The program that runs is the runtime; a second copy of it costs 200 MB.
    const filter = (path: string) => !path.startsWith(join(CHECKOUT, "node_modules/bun/bin"));
    await cp(join(CHECKOUT, part), join(to, part), { recursive: true, filter });
  }
}

test("what is built twice, the second time in another folder and by somebody else, has the same bytes", async () => {
  const elsewhere = join(folder, "somewhere", "else");
  await copyCheckout(elsewhere);
  const other = join(folder, "out", "of", "place", "other-name");
  const script = `
    import { buildBinary } from "./build/build-binary.ts";
    import { hostTarget } from "./build/target.ts";
    await buildBinary(hostTarget(), ${JSON.stringify(SOURCE)}, ${JSON.stringify(other)});`;
  await outputOf([process.execPath, "-e", script], {
    folder: elsewhere,
    environment: { HOME: join(folder, "home"), USER: "somebody", TZ: "Asia/Tokyo", LC_ALL: "C", TMPDIR: folder },
  });
  expect(await hashOf(other)).toBe(await hashOf(binary));
  const third = join(folder, "third");
  await buildBinary(hostTarget(), { ...SOURCE, commit: "decade" }, third);
  expect(await hashOf(third)).not.toBe(await hashOf(binary));
});

test("it tells its commit, its date and the terms of all that is in it", async () => {
  expect(JSON.parse(await outputOf([binary, "version", "--json"]))).toMatchObject({
    commit: SOURCE.commit,
    date: "2027-01-15T08:00:00.000Z",
  });
  expect(await outputOf([binary, "version"])).toContain("c0ffee of 2027-01-15T08:00:00.000Z");
  const { version } = (await Bun.file(join(CHECKOUT, "package.json")).json()) as { version: string };
  expect(await outputOf([binary, "--version"])).toBe(`${version}\n`);
  expect(await outputOf([binary, "version", "--licenses"])).toContain("GNU LESSER GENERAL PUBLIC LICENSE");
});

test("it has the page in it, as a checkout makes it", async () => {
  const larder = await startLarder({ wrapper: asTheBinary() });
  try {
    const answer = await fetch(larder.url, { headers: { "Accept-Encoding": "br" }, decompress: false });
    expect(answer.headers.get("content-encoding")).toBe("br");
    const made = await bundlePage();
    const page = made.find(({ name }) => name === "index.html");
    expect(await answer.bytes()).toEqual(page?.forms.br ?? new Uint8Array());
    for (const { name } of made) expect((await fetch(`${larder.url}/web/${name}`)).status).toBe(200);
  } finally {
    await larder.stop();
  }
});

test("what lies in the folder that it is called in changes nothing", async () => {
  const trap = join(folder, "trap");
  await Bun.write(join(trap, ".env"), "LARDER_REGISTRY=http://trapped.example\nBUN_CONFIG_VERBOSE_FETCH=curl\n");
  await Bun.write(join(trap, "bunfig.toml"), 'preload = ["./trap.ts"]\n');
  await Bun.write(join(trap, "trap.ts"), 'console.log("trapped");\n');
  await Bun.write(join(trap, "tsconfig.json"), '{ "compilerOptions": { "paths": { "*": ["./trap.ts"] } } }');
  await Bun.write(join(trap, "package.json"), '{ "type": "commonjs", "imports": { "#x": "./trap.ts" } }');
  await Bun.write(join(trap, "node_modules/valibot/index.js"), 'console.log("trapped");\n');
  const unlike = await outputOf([binary, "version"], { folder });
  expect(await outputOf([binary, "version"], { folder: trap })).toBe(unlike);
  const asked = await runCommand([binary, "has", "--registry", "127.0.0.1:1", "app:1"], { folder: trap });
  expect(asked.output + asked.errors).not.toContain("trapped");
  expect((await runCommand([binary, "ls"], { folder: trap })).errors).not.toContain("trapped");
});

test.each([
  [1, undefined, "2048"],
  [2, undefined, "2048"],
  [2, "512", "512"],
] as const)("with %d registries to ask, and %p said, it has room for %p requests", async (count, said, expected) => {
  const hosts = Array.from({ length: count }, (_, index) => ["--stand-in", `r${index}.example`]).flat();
  const larder = await startLarder({
    wrapper: asTheBinary(),
    arguments: hosts,
    environment: said === undefined ? {} : { BUN_CONFIG_MAX_HTTP_REQUESTS: said },
  });
  try {
    const environment = await readFile(`/proc/${larder.pid}/environ`, "utf8");
    expect(/(?:^|\0)BUN_CONFIG_MAX_HTTP_REQUESTS=(\d+)/.exec(environment)?.[1] ?? null).toBe(expected);
    expect((await fetch(`${larder.url}/v2/`)).status).toBe(200);
  } finally {
    expect(await larder.stop()).toBe(0);
  }
});
