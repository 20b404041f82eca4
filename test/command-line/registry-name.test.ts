/** larder under the name `registry`, as the container image starts it, and `larder registry`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBinary } from "../../build/build-binary.ts";
import { readSourceVersion } from "../../build/source-version.ts";
import { hostTarget } from "../../build/target.ts";
import { runCommand } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { LARDER } from "./run-larder.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-name-"));
  const binary = join(folder, "larder");
  await buildBinary(hostTarget(), readSourceVersion({}), binary);
  await symlink("larder", join(folder, "registry"));
  await mkdir(join(folder, "checkout"));
  await symlink(LARDER, join(folder, "checkout", "registry"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const environment = () => ({ HOME: folder, RUNTIME_DIRECTORY: join(folder, "run") });
const run = (...argv: string[]) => runCommand(argv, { environment: environment() });

/** The spellings that mean the same. */
const SPELLINGS: readonly (readonly [string, () => readonly string[]])[] = [
  ["larder registry", () => [LARDER, "registry"]],
  ["a link to the compiled file", () => [join(folder, "registry")]],
  ["a link to the checkout's program", () => [join(folder, "checkout", "registry")]],
  [
    "a program that says that it is called so",
    () => ["bash", "-c", 'exec -a /bin/registry "$0" "$@"', join(folder, "larder")],
  ],
];

describe.each(SPELLINGS)("%s", (_, program) => {
  test("serves when nothing is said", async () => {
    const data = await mkdtemp(join(folder, "data-"));
    const configuration = join(data, "config.yml");
    await writeFile(configuration, "version: 0.1\n");
    const child = Bun.spawn([...program(), "--http", "127.0.0.1:0", "--offline"], {
      env: {
        ...environment(),
        PATH: Bun.env["PATH"] ?? "",
        REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: data,
        // In the place of one that this machine may have for a registry of its own.
        REGISTRY_CONFIGURATION_PATH: configuration,
      },
      stdout: "pipe",
      stderr: "ignore",
    });
    let said = "";
    for await (const chunk of child.stdout) {
      said += new TextDecoder().decode(chunk);
      if (/keeps data/.test(said)) break;
    }
    expect(said).toContain(`keeps data   ${data}\n`);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });

  test("shows the settings of its own server, which are registry:2's when nothing is said", async () => {
    const configuration = join(folder, "minimal.yml");
    await writeFile(configuration, "version: 0.1\n");
    const variables = { ...environment(), REGISTRY_CONFIGURATION_PATH: configuration };
    const { status, output } = await runCommand([...program(), "config", "--json"], { environment: variables });
    const rows = JSON.parse(output) as readonly { readonly key: string; readonly value: unknown }[];
    const values = Object.fromEntries(rows.map(({ key, value }) => [key, value]));
    expect(status).toBe(0);
    expect(values).toMatchObject({ open: true, delete: false, data: "/var/lib/registry", unqualified: [] });
  });

  test("reads the file that is named, with or without a word before it", async () => {
    const file = join(folder, "settings.yaml");
    await writeFile(file, "nonsense: 1\n");
    for (const words of [[file], ["serve", file]]) {
      const { status, errors } = await run(...program(), ...words);
      expect([status, errors]).toEqual([2, expect.stringContaining("settings.yaml:1")]);
    }
  });

  test("takes no file that was emptied for an open registry", async () => {
    const file = join(folder, "config.yml");
    for (const text of ["", "\n", "# version: 0.1\n# auth:\n"]) {
      await writeFile(file, text);
      const { status, errors } = await run(...program(), "serve", file);
      expect([status, errors]).toEqual([2, expect.stringContaining("config.yml: it says nothing")]);
    }
  });

  test("has all verbs of larder's", async () => {
    const { status, output } = await run(...program(), "ls", "--help");
    expect([status, output]).toEqual([0, (await run(LARDER, "ls", "--help")).output]);
    const version = (await run(LARDER, "--version")).output;
    expect((await run(...program(), "--version")).output).toBe(`registry larder v${version}`);
  });

  test("says that there is no shell, and no such word", async () => {
    expect(await run(...program(), "sh")).toMatchObject({ status: 2, errors: expect.stringContaining("no shell") });
    expect(await run(...program(), "nonsense")).toMatchObject({
      status: 2,
      errors: expect.stringContaining('"nonsense"'),
    });
  });
});

const namespaces = requirement("namespaces");

test.skipIf(!namespaces.met)("images are kept where registry:2 keeps them when nothing says where", async () => {
  const script = `
    mount -t tmpfs none /var/lib
    test ! -d /etc/docker/registry || mount -t tmpfs none /etc/docker/registry
    "$@" &
    until [ -e /var/lib/registry/store.json ] || ! kill -0 $!; do sleep 0.05; done
    kill $!; wait $!`;
  const serve = [join(folder, "registry"), "--http", "127.0.0.1:0", "--offline"];
  const { status, output } = await run("unshare", "--mount", "sh", "-ec", script, "sh", ...serve);
  expect(status).toBe(0);
  expect(output).toContain("keeps data   /var/lib/registry\n");
});
