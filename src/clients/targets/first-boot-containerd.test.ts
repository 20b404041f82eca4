/** What is written before anybody can look at the node, by the word of each containerd that a node may have. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { findProgram } from "../../../test/debian-packages.ts";
import { findGoProgram } from "../../../test/go-programs.ts";
import { requirement } from "../../../test/requirement.ts";
import { contentOf, run } from "./programs.fixture.ts";
import { SHELLS, TestNode } from "../deliver/node.fixture.ts";
import { testSettings } from "../settings.fixture.ts";

const SETTINGS = testSettings("http");
const CONFIG = "/etc/containerd/config.toml";
const SCRIPT = "/var/lib/larder-client/boot/containerd.sh";
const PATH_SET = /registry\]\n\s+config_path = ['"]\/etc\/containerd\/certs\.d['"]\n/;

type Written = { readonly path: string; readonly content: string };
const ignition = JSON.parse(contentOf("ignition", SETTINGS, "larder.ign")) as {
  storage: { files: { path: string; contents: { source: string } }[] };
};
const flatcar = ignition.storage.files
  .filter(({ path }) => path === CONFIG)
  .map(({ contents }) => decodeURIComponent(contents.source.slice("data:,".length)))
  .join("");
const userData = parse(contentOf("cloud-init", SETTINGS, "user-data")) as { write_files: Written[] };

const VERSIONS = [
  { name: "Debian's", program: findProgram("containerd"), need: "containerd" },
  { name: "2.2", program: findGoProgram("containerd-2.2"), need: "go:containerd-2.2" },
  { name: "2.3", program: findGoProgram("containerd-2.3"), need: "go:containerd-2.3" },
  { name: "2.4", program: findGoProgram("containerd-2.4"), need: "go:containerd-2.4" },
] as const;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-first-boot-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs cloud-init's script on a node with this configuration, or none. Returns its status, and what is there then. */
async function boot(config: string | null, containerd: string, shell: readonly string[] = SHELLS[0], imported = "") {
  await using node = await TestNode.make();
  for (const { path, content } of userData.write_files) {
    if (path.startsWith("/var/lib/larder-client/")) await node.put(path.slice(1), content);
  }
  if (config !== null) await node.put(CONFIG.slice(1), config.replace("IMPORT", `${node.root}/import.toml`));
  await node.put("import.toml", imported);
  const { exitCode, stderr } = Bun.spawnSync([...shell, join(node.root, SCRIPT)], {
    env: { ...process.env, LARDER_ROOT: node.root, LARDER_CONTAINERD: containerd },
  });
  const text = await node.read(CONFIG.slice(1)).catch(() => null);
  return { exitCode, said: stderr.toString(), text: text?.replace(`${node.root}/import.toml`, "IMPORT") ?? null };
}

describe.each(VERSIONS)("with containerd, $name", ({ program, need }) => {
  const { met } = requirement(need);
  const containerd = program ?? "";

  async function dumpOf(text: string): Promise<string> {
    const path = join(folder, `${crypto.randomUUID()}.toml`);
    await writeFile(path, text);
    return run([containerd, "--config", path, "config", "dump"]);
  }

  test.skipIf(!met)("Flatcar's file has config_path, and Flatcar's own settings", async () => {
    const dump = await dumpOf(flatcar);
    expect(dump).toMatch(PATH_SET);
    expect(dump).toContain("SystemdCgroup = true");
    expect(dump).toContain("enable_selinux = true");
  });

  test.skipIf(!met)("the whole file of the target containerd has config_path", async () => {
    expect(await dumpOf(contentOf("containerd", SETTINGS, CONFIG))).toMatch(PATH_SET);
  });

  test.skipIf(!met)(
    "cloud-init's script sets it, whatever the image brings, and again it changes nothing",
    async () => {
      const version = /^version = \d/m.exec(run([containerd, "config", "default"]))?.[0] ?? "";
      const others = ["version = 2\n", `${version}\n[debug]\nlevel = "warn"\n`, "version = 2\r\n[debug]\r\n"];
      for (const config of [null, "", run([containerd, "config", "default"]), ...others]) {
        const { exitCode, said, text } = await boot(config, containerd);
        expect([exitCode, said]).toEqual([0, ""]);
        expect(await dumpOf(text ?? "")).toMatch(PATH_SET);
        expect(await boot(text, containerd)).toEqual({ exitCode: 0, said: "", text });
      }
    },
  );

  test.skipIf(!met)("cloud-init's script puts back what would take no effect, and fails", async () => {
    const table = '[plugins."io.containerd.grpc.v1.cri".registry]\n';
    for (const imported of [`${table}config_path = "/etc/site"\n`, table.replace("]", '.mirrors."docker.io"]')]) {
      const config = 'version = 2\nimports = ["IMPORT"]\n';
      const { exitCode, said, text } = await boot(config, containerd, SHELLS[0], `version = 2\n${imported}`);
      expect([exitCode, text]).toEqual([1, config]);
      expect(said).toContain("containerd does not come to larder: ");
    }
  });
});

test.each(SHELLS.map((shell) => [shell.join(" "), shell] as const))(
  "cloud-init's script says why a configuration cannot be merged with, where no containerd is yet, under %s",
  async (_, shell) => {
    if (Bun.which(shell[0]) === null) return;
    const { exitCode, said, text } = await boot("[plugins.cri]\n", "no-containerd", shell);
    expect([exitCode, text]).toEqual([1, "[plugins.cri]\n"]);
    expect(said).toContain("it is of configuration version 1");
    expect((await boot(null, "no-containerd", shell)).text).toMatch(PATH_SET);
  },
);
