/** What service managers are told, judged by their own tools where those are there. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../test/debian-packages.ts";
import { requirement } from "../../test/requirement.ts";
import { sysusersFile, tmpfilesFile } from "./account-files.ts";
import { openrcConfiguration, openrcScript } from "./openrc-script.ts";
import { systemdUnit } from "./systemd-unit.ts";

/** As systemd 252 counts: what the unit says that it leaves open, and the network itself, make up the most of it. */
const MOST_EXPOSURE = 1.8;

let folder: string;
let unit: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-service-texts-"));
  unit = join(folder, "larder.service");
  program = join(folder, "larder");
  await writeFile(program, "#!/bin/sh\n");
  await chmod(program, 0o755);
  await writeFile(unit, systemdUnit({ program, documentation: null }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(...argv: readonly [string, ...string[]]): { readonly status: number; readonly words: string } {
  const ran = Bun.spawnSync([findProgram(argv[0]) ?? argv[0], ...argv.slice(1)], { stdout: "pipe", stderr: "pipe" });
  return { status: ran.exitCode, words: `${ran.stdout.toString()}${ran.stderr.toString()}` };
}

describe.skipIf(!requirement("systemd-analyze").met)("systemd", () => {
  test("finds nothing wrong with the unit", () => {
    expect(run("systemd-analyze", "verify", "--man=no", unit)).toEqual({ status: 0, words: "" });
  });

  test(`finds it exposed no more than ${MOST_EXPOSURE}`, () => {
    const { status, words } = run(
      "systemd-analyze",
      "security",
      "--offline=yes",
      `--threshold=${MOST_EXPOSURE * 10}`,
      unit,
    );
    expect(words).toContain("Overall exposure level");
    expect({ status, words }).toMatchObject({ status: 0 });
  });

  test("makes the account from sysusers.d", async () => {
    const root = join(folder, "root");
    await Bun.write(join(root, "usr/lib/sysusers.d/larder.conf"), sysusersFile());
    await Bun.write(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    await Bun.write(join(root, "etc/group"), "root:x:0:\n");
    expect(run("systemd-sysusers", `--root=${root}`, "larder.conf").status).toBe(0);
    expect(await Bun.file(join(root, "etc/passwd")).text()).toMatch(
      /^larder:x:\d+:\d+:larder registry:\/var\/lib\/larder:.*nologin$/m,
    );
  });
});

test("the unit names the documentation that there is", () => {
  expect(systemdUnit({ program, documentation: "man:larder(1)" })).toContain("Documentation=man:larder(1)\n");
  expect(systemdUnit({ program, documentation: null })).not.toContain("Documentation");
});

test("the runtime is told its room for requests, so that larder need not start itself again", () => {
  expect(systemdUnit({ program, documentation: null })).toContain("\nEnvironment=BUN_CONFIG_MAX_HTTP_REQUESTS=2048\n");
  expect(openrcScript({ program })).toContain(
    '\nexport BUN_CONFIG_MAX_HTTP_REQUESTS="${BUN_CONFIG_MAX_HTTP_REQUESTS:-2048}"\n',
  );
});

test("tmpfiles.d keeps the data folder to larder, and the settings readable for it", () => {
  expect(tmpfilesFile()).toBe("d /var/lib/larder 0700 larder larder -\nz /etc/larder/larder.yaml 0640 root larder -\n");
});

describe.each(["sh", "dash", "busybox"])("OpenRC's texts are read by %s", (shell) => {
  const isThere = requirement(shell).met;
  test.skipIf(!isThere)("without a complaint", async () => {
    const argv: readonly [string, ...string[]] = shell === "busybox" ? ["busybox", "sh"] : [shell];
    for (const text of [openrcScript({ program }), openrcConfiguration()]) {
      const path = join(folder, "script");
      await writeFile(path, text);
      expect(run(...argv, "-n", path)).toEqual({ status: 0, words: "" });
    }
  });

  test.skipIf(!isThere)("and a data folder with quotes in its name arrives as it is", async () => {
    const path = join(folder, "confd");
    await writeFile(path, `${openrcConfiguration("/srv/it's $HOME")}printf %s "$larder_data"`);
    const argv: readonly [string, ...string[]] = shell === "busybox" ? ["busybox", "sh"] : [shell];
    expect(run(...argv, path).words).toBe("/srv/it's $HOME");
  });
});
