/** `npm run deb`: what the package holds, and what becomes of a machine that installs, upgrades, removes and purges it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildDeb } from "../../build/deb/build-deb.ts";
import { hostTarget } from "../../build/target.ts";
import { runCommand } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { BootedMachine } from "./booted-machine.ts";
import {
  digestOf,
  filesBelow,
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
let deb: string;
const builder = requirement("dpkg-deb");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-deb-"));
  if (builder.met) deb = await buildDeb(hostTarget(), SOURCE, folder, "quick");
}, TIMEOUT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The package as another version would have it; `change` may do to its files below a folder what it likes. */
async function remake(version: string, change: (root: string) => Promise<void> = async () => {}): Promise<string> {
  const root = join(folder, `remade-${version}`);
  const path = join(folder, `larder_${version}.deb`);
  expect(await runCommand(["dpkg-deb", "--raw-extract", deb, root])).toMatchObject({ status: 0 });
  for (const name of ["control", "preinst"]) {
    const file = join(root, "DEBIAN", name);
    await writeFile(file, (await readFile(file, "utf8")).replaceAll("1.0.0~rc.1-1", version));
  }
  await change(root);
  expect(await runCommand(["dpkg-deb", "--build", "--root-owner-group", "-Znone", root, path])).toMatchObject({
    status: 0,
  });
  await rm(root, { recursive: true });
  return path;
}

describe.skipIf(!builder.met)("the package", () => {
  let root: string;
  beforeAll(async () => {
    root = join(folder, "extracted");
    expect(await runCommand(["dpkg-deb", "--extract", deb, root])).toMatchObject({ status: 0 });
  }, TIMEOUT_MS);

  test("is named and versioned so that a release follows its candidates", async () => {
    expect(deb).toEndWith(`/larder_1.0.0~rc.1-1_${hostTarget().architecture}.deb`);
    const fields = await runCommand(["dpkg-deb", "--field", deb, "Package", "Version", "Architecture", "Depends"]);
    expect(fields.output).toBe(
      `Package: larder\nVersion: 1.0.0~rc.1-1\nArchitecture: ${hostTarget().architecture}\nDepends: libc6 (>= 2.17), adduser\n`,
    );
    const { status } = await runCommand(["dpkg", "--compare-versions", "1.0.0~rc.1-1", "lt", "1.0.0-1"]);
    expect(status).toBe(0);
  });

  test("belongs to root, and is there for all to read but the settings", async () => {
    const { output } = await runCommand(["dpkg-deb", "--contents", deb]);
    const wrong = output
      .trim()
      .split("\n")
      .filter((line) => !/^(?:drwxr-xr-x|-rw-r--r--) root\/root /.test(line));
    expect(wrong.map((line) => line.replace(/^(\S+ \S+) .* (\S+)$/, "$1 $2"))).toEqual([
      "-rw-r----- root/root ./etc/larder/larder.yaml",
      "-rwxr-xr-x root/root ./usr/bin/larder",
    ]);
  });

  test("has program, unit, settings, pages, completions, guides, copyright and changelogs", async () => {
    const files = await filesBelow(root);
    for (const path of [
      "/usr/bin/larder",
      "/usr/lib/systemd/system/larder.service",
      SETTINGS,
      "/usr/share/man/man1/larder.1.gz",
      "/usr/share/man/man1/larder-serve.1.gz",
      "/usr/share/man/man5/larder.yaml.5.gz",
      "/usr/share/bash-completion/completions/larder",
      "/usr/share/zsh/vendor-completions/_larder",
      "/usr/share/fish/vendor_completions.d/larder.fish",
      "/usr/share/doc/larder/README.md",
      "/usr/share/doc/larder/docs/server.md",
      "/usr/share/doc/larder/copyright",
      "/usr/share/doc/larder/changelog.gz",
      "/usr/share/doc/larder/changelog.Debian.gz",
    ])
      expect(files).toContain(path);
    const unit = await Bun.file(join(root, "usr/lib/systemd/system/larder.service")).text();
    expect(unit).toContain("ExecStart=/usr/bin/larder serve --config /etc/larder/larder.yaml\n");
    expect(unit).toContain("Documentation=man:larder(1) man:larder.yaml(5)\n");
  });

  test("holds no path of the machine that built it", async () => {
    const needles = ownPaths(folder);
    expect(needles.length).toBeGreaterThan(1);
    expect(await filesHolding(root, needles)).toEqual([]);
    // That it would be found: what is in the program is not packed.
    expect(await filesHolding(root, ["/etc/larder/larder.yaml"])).toContain("/usr/bin/larder");
  });

  test(
    "is the same bytes when it is built again, whatever folder, umask and clock say",
    async () => {
      const again = join(folder, "again");
      const umask = process.umask(0o077);
      try {
        await mkdir(again);
        const path = await buildDeb(hostTarget(), SOURCE, again, "quick");
        const hash = async (file: string) =>
          new Bun.CryptoHasher("sha256").update(await Bun.file(file).bytes()).digest("hex");
        expect(await hash(path)).toBe(await hash(deb));
      } finally {
        process.umask(umask);
      }
    },
    TIMEOUT_MS,
  );

  test("has nothing that its libc is too old for", async () => {
    const text = Buffer.from(await Bun.file(join(root, "usr/bin/larder")).slice(0, 120e6).arrayBuffer()).toString(
      "latin1",
    );
    const versions = [...text.matchAll(/\0GLIBC_2\.(\d+)(?=[.\d]*\0)/g)].map(([, minor]) => Number(minor));
    expect(versions.length).toBeGreaterThan(2);
    expect(Math.max(...versions)).toBeLessThanOrEqual(17);
  });

  test("names what is in the program, its authors and its licences", async () => {
    const copyright = await Bun.file(join(root, "usr/share/doc/larder/copyright")).text();
    expect(copyright).toContain("Files: *\nCopyright: 2026 The larder authors\nLicense: Apache-2.0\n");
    expect(copyright).toContain("Files: embedded/commander/*\nCopyright: 2011 TJ Holowaychuk");
    expect(copyright).toMatch(/Files: embedded\/webkit\/\*\n.*\nLicense: LGPL-2\.1\+ and BSD-2-Clause\n/);
    const used = [...copyright.matchAll(/^License: (.*)$/gm)].flatMap(([, terms = ""]) => terms.split(" and "));
    for (const name of new Set(used)) expect(copyright).toContain(`\n\nLicense: ${name}\n `);
    const sbom = await Bun.file(join(root, "usr/share/doc/larder/larder.spdx.json")).json();
    const sha256 = new Bun.CryptoHasher("sha256")
      .update(await Bun.file(join(root, "usr/bin/larder")).bytes())
      .digest("hex");
    expect(JSON.stringify(sbom)).toContain(sha256);
  });

  const lintian = requirement("lintian");
  test.skipIf(!lintian.met)(
    "has no fault that lintian knows, and no override that is not needed",
    async () => {
      const argv = ["lintian", "--allow-root", "--fail-on=error,warning", "--display-info", "--pedantic", deb];
      const { status, output, errors } = await runCommand(argv, { timeoutMs: TIMEOUT_MS });
      // The runtime's own words and those of licences; and what larder starts by OpenRC is not in a package.
      const known = /hardening-no-bindnow|spelling-error-in-(?:binary|copyright)|package-supports-alternative-init/;
      const told = `${output}${errors}`.split("\n").filter((line) => /^[EWIP]:/.test(line) && !known.test(line));
      expect({ status, told }).toEqual({ status: 0, told: [] });
    },
    TIMEOUT_MS,
  );

  const verify = requirement("systemd-analyze");
  test.skipIf(!verify.met)("has a unit that systemd takes", async () => {
    const { status, output, errors } = await runCommand([
      "systemd-analyze",
      "verify",
      `--root=${root}`,
      "--recursive-errors=no",
      "--man=no",
      "larder.service",
    ]);
    expect({ status, output, errors }).toEqual({ status: 0, output: "", errors: "" });
  });
});

const lab = machineRequirement("dpkg", "dpkg-deb", "curl", "adduser", "deb-systemd-helper");

describe.skipIf(!lab.met)("a machine", () => {
  let machine: BootedMachine;
  let before: ReadonlySet<string>;
  let digest: string;
  const install = (path: string, ...flags: string[]) => machine.exec(["dpkg", ...flags, "--install", path]);
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
    "has larder running once it is installed, under an account of its own",
    async () => {
      await install(deb);
      expect(await state()).toBe("active enabled");
      expect(await owner(SETTINGS)).toBe("root:larder 640");
      expect(await owner("/var/lib/larder")).toBe("larder:larder 700");
      expect(await machine.shell("stat --format=%U /proc/$(systemctl show -p MainPID --value larder)")).toBe(
        "larder\n",
      );
      expect((await machine.exec(["getent", "passwd", "larder"])).trim()).toEndWith(
        ":/var/lib/larder:/usr/sbin/nologin",
      );
      digest = await pushAndPull(machine, folder, "localhost:5000");
      expect(await machine.shell("zcat $(man --where larder-serve) | head -1")).toStartWith(".TH LARDER");
    },
    TIMEOUT_MS,
  );

  test(
    "keeps settings that were changed and who may read them, and starts the new one",
    async () => {
      await machine.shell(`sed -i 's/^http:.*/http: [":5001"]/' ${SETTINGS} && systemctl restart larder`);
      await machine.shell(`chgrp adm ${SETTINGS} && chmod 644 ${SETTINGS}`);
      const id = await property("MainPID");
      const newer = await remake("1.0.0-1", async (root) => {
        await writeFile(join(root, SETTINGS), "# another one\nhttp: [':7777']\ndata: /var/lib/larder\n");
      });
      await install(newer, "--force-confdef", "--force-confold");
      expect(await machine.shell(`grep ^http: ${SETTINGS}`)).toBe('http: [":5001"]\n');
      expect(await owner(SETTINGS)).toBe("root:adm 644");
      expect(await machine.shell(`head -1 ${SETTINGS}.dpkg-dist`)).toBe("# another one\n");
      expect(await state()).toBe("active enabled");
      expect(await property("MainPID")).not.toBe(id);
      expect(await digestOf(machine, "localhost:5001")).toBe(digest);
    },
    TIMEOUT_MS,
  );

  test(
    "goes on with the old one until an interrupted upgrade is finished",
    async () => {
      const id = await property("MainPID");
      await machine.exec(["dpkg", "--unpack", await remake("1.0.1-1")]);
      expect(await property("MainPID")).toBe(id);
      expect(await digestOf(machine, "localhost:5001")).toBe(digest);
      await machine.exec(["dpkg", "--force-confold", "--configure", "--pending"]);
      expect(await property("MainPID")).not.toBe(id);
      expect(await digestOf(machine, "localhost:5001")).toBe(digest);
    },
    TIMEOUT_MS,
  );

  test(
    "goes on with the old one when an upgrade fails",
    async () => {
      const id = await property("MainPID");
      const broken = await remake("1.0.2-1", (root) => writeFile(join(root, "DEBIAN/preinst"), "#!/bin/sh\nexit 1\n"));
      expect((await machine.run(["dpkg", "--install", broken])).status).not.toBe(0);
      expect(
        await machine.exec(["dpkg-query", "--show", "--showformat=${Version} ${db:Status-Status}", "larder"]),
      ).toBe("1.0.1-1 installed");
      expect(await property("MainPID")).toBe(id);
      expect(await digestOf(machine, "localhost:5001")).toBe(digest);
    },
    TIMEOUT_MS,
  );

  test(
    "does not start in an upgrade what its administrator has stopped or disabled",
    async () => {
      await machine.exec(["systemctl", "disable", "--now", "larder"]);
      await install(await remake("1.0.3-1"), "--force-confold");
      expect(await state()).toBe("inactive disabled");
      await machine.exec(["systemctl", "enable", "--now", "larder"]);
      await machine.exec(["systemctl", "stop", "larder"]);
      await install(await remake("1.0.4-1"), "--force-confold");
      expect(await state()).toBe("inactive enabled");
      await machine.exec(["systemctl", "start", "larder"]);
    },
    TIMEOUT_MS,
  );

  test(
    "is told what going back may mean, and goes back",
    async () => {
      expect(await install(deb, "--force-confold")).toContain("larder: this goes back from 1.0.4-1 to 1.0.0~rc.1-1.");
      expect(await state()).toBe("active enabled");
      expect(await digestOf(machine, "localhost:5001")).toBe(digest);
    },
    TIMEOUT_MS,
  );

  test(
    "is told when another program has the port, and is installed all the same",
    async () => {
      await machine.exec(["systemctl", "stop", "larder"]);
      await machine.shell("systemd-run --unit=taken larder serve --http :5001 --data /tmp/taken");
      await until(
        "the port is taken",
        async () => (await machine.run(["curl", "-sS", "localhost:5001/v2/"])).status === 0,
      );
      await machine.exec(["dpkg", "--remove", "larder"]);
      expect(await install(deb, "--force-confold")).toContain(
        "larder: the service has not started; 'journalctl -u larder' tells why",
      );
      expect(await machine.exec(["dpkg-query", "--show", "--showformat=${db:Status-Status}", "larder"])).toBe(
        "installed",
      );
      await machine.exec(["systemctl", "stop", "taken"]);
      // systemd tries again by itself.
      await until("larder runs", async () => (await property("ActiveState")) === "active");
    },
    TIMEOUT_MS,
  );

  test(
    "keeps settings and images when larder is removed, and serves them when it is back",
    async () => {
      await machine.exec(["dpkg", "--remove", "larder"]);
      expect((await machine.run(["curl", "-sS", "localhost:5001/v2/"])).status).not.toBe(0);
      expect(await machine.shell(`grep ^http: ${SETTINGS}`)).toBe('http: [":5001"]\n');
      await install(deb);
      expect(await state()).toBe("active enabled");
      expect(await digestOf(machine, "localhost:5001")).toBe(digest);
    },
    TIMEOUT_MS,
  );

  test(
    "has images and their account left after a purge, is told where, and nothing else",
    async () => {
      const said = await machine.exec(["dpkg", "--purge", "larder"]);
      expect(said).toContain("larder: images stay in /var/lib/larder; 'rm -r /var/lib/larder' deletes them");
      const left = [...(await listWritten(machine, folder))].filter((path) => !before.has(path));
      const others = left.filter((path) => !path.startsWith("/var/lib/larder"));
      expect(others).toEqual([]);
      expect(left).toContain("/var/lib/larder/larder.db");
      expect(await owner("/var/lib/larder/larder.db")).toBe("larder:larder 600");
      await install(deb);
      expect(await digestOf(machine, "localhost:5000")).toBe(digest);
    },
    TIMEOUT_MS,
  );

  test(
    "has nothing left when there were no images",
    async () => {
      await machine.shell("dpkg --remove larder && rm -r /var/lib/larder");
      expect(await machine.exec(["dpkg", "--purge", "larder"])).not.toContain("images stay");
      const left = [...(await listWritten(machine, folder))].filter((path) => !before.has(path));
      expect(left).toEqual([]);
      expect((await machine.run(["getent", "passwd", "larder"])).status).not.toBe(0);
    },
    TIMEOUT_MS,
  );

  const scanner = requirement("dpkg-scanpackages");
  test.skipIf(!scanner.met)(
    "has it from a folder that apt takes for a repository, without a network",
    async () => {
      const repository = join(folder, "apt");
      // apt fetches as a user of its own, who has to see the folder.
      await machine.shell(`chmod 755 ${folder} && mkdir ${repository} && cp ${deb} ${repository}/`);
      await machine.shell(`cd ${repository} && dpkg-scanpackages --multiversion . >Packages`);
      await machine.shell("rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*");
      await machine.shell(`echo 'deb [trusted=yes] file:${repository} ./' >/etc/apt/sources.list.d/larder.list`);
      await machine.exec(["apt-get", "--quiet=2", "update"]);
      await machine.exec(["apt-get", "--quiet=2", "--yes", "--no-install-recommends", "install", "larder"]);
      expect(await state()).toBe("active enabled");
      expect(await machine.shell("curl -fsS localhost:5000/v2/")).toBe("{}");
    },
    TIMEOUT_MS,
  );
});
