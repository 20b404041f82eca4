/** `npm run rpm`: what the package holds, and what becomes of a machine that installs, upgrades and erases it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildRpm } from "../../build/rpm/build-rpm.ts";
import { hostTarget } from "../../build/target.ts";
import { runCommand } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { BootedMachine } from "./booted-machine.ts";
import {
  digestOf,
  filesHolding,
  listWritten,
  machineRequirement,
  ownPaths,
  pushAndPull,
  SOURCE,
} from "./package-lab.ts";

const SETTINGS = "/etc/larder/larder.yaml";
const TIMEOUT_MS = 180_000;

let folder: string;
let rpm: string;
const builder = requirement("rpm", "rpmbuild");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-rpm-"));
  if (builder.met) rpm = await buildRpm(hostTarget(), SOURCE, folder, "quick");
}, TIMEOUT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

const query = async (...argv: string[]) => (await runCommand(["rpm", "--query", "--package", ...argv, rpm])).output;

describe.skipIf(!builder.met)("the package", () => {
  test("is named and versioned so that a release follows its candidates", async () => {
    expect(rpm).toEndWith(`/larder-1.0.0~rc.1-1.${hostTarget().machine}.rpm`);
    expect(await query("--queryformat=%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{OS} %{BUILDHOST}")).toBe(
      `larder 1.0.0~rc.1 1 ${hostTarget().machine} linux larder`,
    );
    const requires = (await query("--requires"))
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("rpmlib("));
    expect(requires).toEqual([
      "/bin/sh",
      "/bin/sh",
      "/bin/sh",
      "/bin/sh",
      "/usr/sbin/groupadd",
      "/usr/sbin/useradd",
      "libc.so.6(GLIBC_2.17)(64bit)",
    ]);
  });

  test("belongs to root, and is there for all to read but the settings and the images", async () => {
    const lines = (await query("--queryformat=[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES}\n]"))
      .trim()
      .split("\n");
    expect(lines.length).toBeGreaterThan(60);
    expect(lines.filter((line) => !/^(?:drwxr-xr-x|-rw-r--r--) root:root /.test(line))).toEqual([
      `-rw-r----- root:larder ${SETTINGS}`,
      "-rwxr-xr-x root:root /usr/bin/larder",
      "drwx------ larder:larder /var/lib/larder",
    ]);
    expect((await query("--configfiles")).trim()).toBe(SETTINGS);
    expect((await query("--licensefiles")).trim()).toBe("/usr/share/licenses/larder/LICENSES.txt");
    const documents = (await query("--docfiles")).trim().split("\n");
    expect(documents).toContain("/usr/share/doc/larder/docs/server.md");
    expect(documents).toContain("/usr/share/man/man1/larder.1.gz");
  });

  test(
    "holds no path of the machine that built it, and the program whole",
    async () => {
      const root = join(folder, "extracted");
      await mkdir(root);
      const unpacked = await runCommand(
        ["sh", "-c", `rpm2cpio "$1" | cpio --extract --quiet --make-directories`, "sh", rpm],
        {
          folder: root,
        },
      );
      expect(unpacked.status).toBe(0);
      const needles = ownPaths(folder);
      expect(await filesHolding(root, needles)).toEqual([]);
      const said = await query(
        "--queryformat=%{DESCRIPTION} %{COOKIE} %{PREIN} %{POSTIN} %{RPMVERSION}",
        "--scripts",
        "--info",
      );
      expect(needles.filter((needle) => said.includes(needle))).toEqual([]);
      expect((await runCommand([join(root, "usr/bin/larder"), "--version"])).output).toMatch(/^\d/);
    },
    TIMEOUT_MS,
  );

  test(
    "is the same bytes when it is built again, whatever folder, umask and clock say",
    async () => {
      const again = join(folder, "again");
      const umask = process.umask(0o077);
      try {
        const path = await buildRpm(hostTarget(), SOURCE, again, "quick");
        const hash = async (file: string) =>
          new Bun.CryptoHasher("sha256").update(await Bun.file(file).bytes()).digest("hex");
        expect(await hash(path)).toBe(await hash(rpm));
      } finally {
        process.umask(umask);
      }
    },
    TIMEOUT_MS,
  );

  const rpmlint = requirement("rpmlint");
  test.skipIf(!rpmlint.met)(
    "has no fault that rpmlint knows, but those of its runtime",
    async () => {
      const { output } = await runCommand(["rpmlint", rpm], { timeoutMs: TIMEOUT_MS, environment: { HOME: folder } });
      const faults = output.split("\n").filter((line) => / [EW]: /.test(line));
      expect(faults.filter((line) => !KNOWN_FAULTS.test(line))).toEqual([]);
      expect(output).toMatch(/\d+ packages? and \d+ specfiles? checked/);
    },
    TIMEOUT_MS,
  );
});

/**
 * The runtime is linked by its makers, and stripping would destroy the program; settings and images are for larder's account;
 * pages are packed by gzip, as Fedora's are; who signs is for those who host it; and it does not know SPDX's exceptions.
 */
const KNOWN_FAULTS =
  /unstripped-binary-or-object|position-independent-executable|only-non-binary-in-usr-lib|non-standard-[ug]id|non-standard-dir-perm \/var\/lib\/larder 700|non-readable \/etc\/larder\/larder.yaml 640|no-url-tag|no-signature|no-group-tag|no-manual-page-for-binary|manpage-not-compressed bz2|invalid-license(?:-exception LLVM-exception| Apache-2\.0)$/;

const lab = machineRequirement("rpm", "rpmbuild", "curl", "useradd");

describe.skipIf(!lab.met)("a machine", () => {
  let machine: BootedMachine;
  let before: ReadonlySet<string>;
  let digest: string;
  /** What this machine has, no package of rpm's brought: so nothing that is required is found. */
  const change = (...argv: string[]) => machine.exec(["rpm", "--nodeps", "--force-debian", ...argv]);
  const property = async (name: string) =>
    (await machine.exec(["systemctl", "show", "--property", name, "--value", "larder"])).trim();
  const state = async () => `${await property("ActiveState")} ${await property("UnitFileState")}`;
  const owner = async (path: string) => (await machine.exec(["stat", "--format=%U:%G %a", path])).trim();

  beforeAll(async () => {
    machine = await BootedMachine.boot(folder);
    before = await listWritten(machine, folder);
  }, TIMEOUT_MS);
  afterAll(() => machine?.close());

  test(
    "has a service that its distribution enables or not, and that starts",
    async () => {
      await machine.shell(
        "mkdir -p /etc/systemd/system-preset && echo 'disable *' >/etc/systemd/system-preset/00-lab.preset",
      );
      await change("--install", rpm);
      expect(await state()).toBe("inactive disabled");
      expect(await owner(SETTINGS)).toBe("root:larder 640");
      expect(await owner("/var/lib/larder")).toBe("larder:larder 700");
      await machine.exec(["systemctl", "enable", "--now", "larder"]);
      expect(await state()).toBe("active enabled");
      digest = await pushAndPull(machine, folder, "localhost:5000");
      expect((await machine.run(["rpm", "--verify", "larder", "--nodeps"])).output).toBe("");
    },
    TIMEOUT_MS,
  );

  test(
    "keeps settings that were changed, and starts the new one",
    async () => {
      await machine.shell(`sed -i 's/^http:.*/http: [":5001"]/' ${SETTINGS} && systemctl restart larder`);
      const id = await property("MainPID");
      const newer = await buildRpm(hostTarget(), { ...SOURCE, version: "1.0.0" }, folder, "quick");
      await change("--upgrade", newer);
      expect(await machine.exec(["rpm", "--query", "larder"])).toBe(`larder-1.0.0-1.${hostTarget().machine}\n`);
      expect(await machine.shell(`grep ^http: ${SETTINGS}`)).toBe('http: [":5001"]\n');
      expect(await state()).toBe("active enabled");
      expect(await property("MainPID")).not.toBe(id);
      expect(await digestOf(machine, "localhost:5001")).toBe(digest);
    },
    TIMEOUT_MS,
  );

  test(
    "does not start in an upgrade what its administrator has stopped; and goes back when it is told to",
    async () => {
      await machine.exec(["systemctl", "stop", "larder"]);
      expect((await machine.run(["rpm", "--nodeps", "--force-debian", "--upgrade", rpm])).status).not.toBe(0);
      await change("--upgrade", "--oldpackage", rpm);
      expect(await state()).toBe("inactive enabled");
      await machine.exec(["systemctl", "start", "larder"]);
      expect(await digestOf(machine, "localhost:5001")).toBe(digest);
    },
    TIMEOUT_MS,
  );

  test(
    "has changed settings, images and their account left when it is erased, is told where, and nothing else",
    async () => {
      expect(await change("--erase", "larder")).toContain(
        "larder: images stay in /var/lib/larder; 'rm -r /var/lib/larder' deletes them",
      );
      const left = [...(await listWritten(machine, folder))].filter((path) => !before.has(path));
      expect(
        left.filter((path) => !path.startsWith("/var/lib/larder") && path !== "/usr/share/licenses").sort(),
      ).toEqual(
        [
          "/etc/larder",
          `${SETTINGS}.rpmsave`,
          "/etc/systemd/system-preset",
          "/etc/systemd/system-preset/00-lab.preset",
        ].sort(),
      );
      expect(left).toContain("/var/lib/larder/larder.db");
      expect(await owner("/var/lib/larder/larder.db")).toBe("larder:larder 600");
      await change("--install", rpm);
      await machine.exec(["systemctl", "enable", "--now", "larder"]);
      expect(await digestOf(machine, "localhost:5000")).toBe(digest);
    },
    TIMEOUT_MS,
  );
});
