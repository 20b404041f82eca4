/** The script for Docker, on nodes where dockerd is given flags from one place or another. */
import { describe, expect, test } from "bun:test";
import { requirement } from "../../../test/requirement.ts";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DAEMON_JSON } from "../targets/docker.ts";
import { type FlagText, flagObstacles } from "../merge/docker-flags.ts";
import { renderScript } from "./render-script.ts";
import { findClientTarget } from "../targets/targets.ts";
import { SHELLS, TestNode } from "./node.fixture.ts";
import { testSettings } from "../settings.fixture.ts";
import { writeFiles } from "./write-files.ts";

const FLAG = "--insecure-registry=10.0.0.1:5000";
const UNIT =
  "[Unit]\nDescription=Docker\n\n[Service]\n# --insecure-registry=no\n; --registry-mirror=no\nExecStart=/usr/bin/dockerd -H fd:// $DOCKER_OPTS\n";

function target(name = "docker") {
  const found = findClientTarget(name);
  if (found === null) throw new Error(name);
  return found;
}

const SETTINGS = testSettings("http");
const SCRIPT = renderScript(target(), SETTINGS);

describe("the script for docker", () => {
  const places: [string, Record<string, string>, string][] = [
    [
      "Debian's file of variables",
      { "etc/default/docker": `# x\nDOCKER_OPTS="${FLAG}"\n` },
      "/etc/default/docker:2: it passes --insecure-registry",
    ],
    [
      "Alpine's and Gentoo's",
      { "etc/conf.d/docker": `DOCKER_OPTS="--debug ${FLAG}"\n` },
      "/etc/conf.d/docker:1: it passes --insecure-registry",
    ],
    [
      "Red Hat's",
      { "etc/sysconfig/docker-network": "OPTIONS='--registry-mirror http://x'\n" },
      "/etc/sysconfig/docker-network:1: it passes --registry-mirror",
    ],
    [
      "the unit",
      { "usr/lib/systemd/system/docker.service": `[Service]\nExecStart=/usr/bin/dockerd \\\n  ${FLAG}\n` },
      "/usr/lib/systemd/system/docker.service:3:",
    ],
    [
      "a drop-in of the distribution",
      {
        "usr/lib/systemd/system/docker.service": UNIT,
        "usr/lib/systemd/system/docker.service.d/10-site.conf": `[Service]\nEnvironment=DOCKER_OPTS=${FLAG}\n`,
      },
      "docker.service.d/10-site.conf:2:",
    ],
    [
      "a drop-in for this run",
      { "run/systemd/system/docker.service.d/10-site.conf": `[Service]\nEnvironment="DOCKER_OPTS=${FLAG}"\n` },
      "/run/systemd/system/docker.service.d/10-site.conf:2:",
    ],
    [
      "a file of variables that the unit names",
      {
        "lib/systemd/system/docker.service": `${UNIT}EnvironmentFile=-/opt/docker*.env\n`,
        "opt/docker-1.env": `OPTS=${FLAG}\n`,
      },
      "/opt/docker-1.env:1:",
    ],
    [
      "a file of variables that a drop-in names",
      {
        "etc/systemd/system/docker.service.d/a.conf": "[Service]\nEnvironmentFile = /opt/flags\n",
        "opt/flags": `OPTS=${FLAG}\n`,
      },
      "/opt/flags:1:",
    ],
    [
      "a drop-in that is not quite right",
      { "usr/lib/systemd/system/docker.service.d/10.conf": `DOCKER_OPTS="${FLAG}"\n` },
      "docker.service.d/10.conf:1:",
    ],
    ["runit's", { "etc/sv/docker/run": `#!/bin/sh\nexec dockerd ${FLAG}\n` }, "/etc/sv/docker/run:2:"],
    [
      "the process that runs",
      { "proc/77/comm": "dockerd\n", "proc/77/cmdline": `/usr/bin/dockerd\0-H\0fd://\0--registry-mirror\0http://x\0` },
      "the dockerd that runs (process 77): it passes --registry-mirror",
    ],
    [
      "another configuration file of the process that runs",
      { "proc/77/comm": "dockerd\n", "proc/77/cmdline": "dockerd\0--config-file\0/opt/docker.json\0" },
      "dockerd reads /opt/docker.json instead of /etc/docker/daemon.json",
    ],
    [
      "another configuration file of the unit",
      {
        "etc/systemd/system/docker.service":
          "[Service]\nExecStart=/usr/bin/dockerd --config-file=/opt/docker.json -D\n",
      },
      "docker.service:2: dockerd reads /opt/docker.json instead",
    ],
    [
      "a key that was there before",
      {
        "etc/docker/daemon.json": '{"hosts": ["unix:///run/docker.sock"]}\n',
        "lib/systemd/system/docker.service": UNIT,
      },
      "docker.service:7: it passes -H to dockerd, which does not start when /etc/docker/daemon.json has hosts",
    ],
    ["a snap", { "var/snap/docker/current/config/daemon.json": "{}" }, "Docker is a snap here"],
  ];

  for (const [name, files, message] of places) {
    test(`refuses to repeat a flag of ${name}, and changes nothing`, async () => {
      await using node = await TestNode.make();
      for (const [path, text] of Object.entries(files)) await node.put(path, text);
      const before = await node.picture();
      for (const shell of SHELLS.filter(([program]) => Bun.which(program) !== null)) {
        const { exitCode, messages } = node.run(SCRIPT, shell);
        expect(messages).toContain(message);
        expect([exitCode, messages]).toEqual([1, expect.stringContaining("nothing was changed") as string]);
        expect(await node.picture()).toEqual(before);
      }
      if (Object.keys(files).some((path) => /^(proc|var)\//.test(path))) return;
      const written = await writeFiles(target(), SETTINGS, node.root, false);
      expect(
        written
          .map(({ path, outcome, remark }) => `${path}: ${outcome} ${remark}`)
          .join()
          .replace(" left", ""),
      ).toContain(message.replace(/^.*\.service:/, ".service:"));
    });
  }

  const harmless: [string, Record<string, string>][] = [
    ["comments", { "lib/systemd/system/docker.service": UNIT, "etc/default/docker": `#DOCKER_OPTS="${FLAG}"\n` }],
    ["other flags", { "lib/systemd/system/docker.service": UNIT, "etc/docker/daemon.json": '{"log-driver": "local"}' }],
    [
      "flags of a unit that another unit takes the place of",
      {
        "etc/systemd/system/docker.service": UNIT,
        "usr/lib/systemd/system/docker.service": `[Service]\nExecStart=dockerd ${FLAG}\n`,
      },
    ],
    [
      "flags of a command that a drop-in replaces",
      {
        "usr/lib/systemd/system/docker.service": UNIT,
        "etc/docker/daemon.json": '{"hosts": ["fd://"]}',
        "etc/systemd/system/docker.service.d/hosts.conf": "[Service]\nExecStart=\nExecStart=/usr/bin/dockerd\n",
      },
    ],
    [
      "a drop-in that another one hides",
      {
        "etc/systemd/system/docker.service.d/a.conf": "[Service]\n",
        "usr/lib/systemd/system/docker.service.d/a.conf": `[Service]\nEnvironment=DOCKER_OPTS=${FLAG}\n`,
      },
    ],
    [
      "somebody's own dockerd",
      {
        "proc/77/comm": "dockerd\n",
        "proc/77/cmdline": `dockerd\0${FLAG}\0`,
        "proc/77/status": "Name:\tdockerd\nUid:\t1000\t1000\t1000\t1000\n",
      },
    ],
    ["another program", { "proc/77/comm": "sh\n", "proc/77/cmdline": `sh\0-c\0dockerd ${FLAG}\0` }],
    [
      "the usual configuration file",
      { "proc/77/comm": "dockerd\n", "proc/77/cmdline": "dockerd\0--config-file=/etc/docker/daemon.json\0-H\0fd://\0" },
    ],
  ];

  for (const [name, files] of harmless) {
    test(`joins in spite of ${name}`, async () => {
      await using node = await TestNode.make();
      for (const [path, text] of Object.entries(files)) await node.put(path, text);
      const before = await node.picture();
      expect(node.run(SCRIPT, SHELLS[0])).toEqual({ exitCode: 0, messages: expect.stringContaining("done") as string });
      expect(node.run(SCRIPT, SHELLS[0], "undo").exitCode).toBe(0);
      expect(await node.picture()).toEqual(before);
    });
  }

  test("passes over a dockerd in a container", async () => {
    await using node = await TestNode.make();
    await node.put("proc/77/comm", "dockerd\n");
    await node.put("proc/77/cmdline", `dockerd\0${FLAG}\0`);
    for (const [process, name] of [
      ["77", "pid:[2]"],
      ["self", "pid:[1]"],
    ] as const) {
      await mkdir(join(node.root, `proc/${process}/ns`), { recursive: true });
      await symlink(name, join(node.root, `proc/${process}/ns/pid`));
    }
    expect(node.run(SCRIPT, SHELLS[0])).toMatchObject({ exitCode: 0 });
  });

  test("asks systemd, where it is there", async () => {
    await using node = await TestNode.make();
    const systemctl = join(node.root, "systemctl");
    await node.put("opt/variables", `OPTS=${FLAG}\n`);
    const shown = (environment: string, files: string) =>
      node.put(
        "systemctl",
        `#!/bin/sh\ncat <<'X'\nExecStart={ path=/usr/bin/dockerd ; argv[]=/usr/bin/dockerd -H fd:// $DOCKER_OPTS ; ignore_errors=no ; pid=0 }\nEnvironment=${environment}\n${files}X\n`,
        0o755,
      );
    const join_ = () => node.run(SCRIPT, SHELLS[0], "join", { LARDER_SYSTEMCTL: systemctl });

    await shown(`A=1 DOCKER_OPTS=${FLAG}`, "");
    expect(join_()).toEqual({
      exitCode: 1,
      messages: expect.stringContaining(
        "systemd's docker.service (systemctl show docker): it passes --insecure-registry",
      ) as string,
    });
    await shown("", "EnvironmentFiles=/opt/variables (ignore_errors=yes)\n");
    expect(join_()).toEqual({
      exitCode: 1,
      messages: expect.stringContaining("/opt/variables:1: it passes") as string,
    });
    await shown("", "");
    // What systemd has read counts for keys that were there before, not what the file says that a drop-in replaces.
    await node.put("lib/systemd/system/docker.service", "[Service]\nExecStart=/usr/bin/dockerd --log-driver=x\n");
    await node.put("etc/docker/daemon.json", '{"log-driver": "local"}');
    expect(join_()).toMatchObject({ exitCode: 0 });
  });

  test("lets dockerd judge, with its own flags, where it can", async () => {
    await using node = await TestNode.make();
    await node.put("proc/77/comm", "dockerd\n");
    await node.put("proc/77/cmdline", "dockerd\0-H\0fd://\0--label\0a b\0");
    await node.put(
      "bin/dockerd",
      `#!/bin/sh\nif [ "$1" = --help ]; then echo '  --validate  check'; exit; fi\necho "flags: $*" >&2\ngrep -q insecure "\${7}" && ! grep -q forbidden "$7"\n`,
      0o755,
    );
    await symlink("../../bin/dockerd", join(node.root, "proc/77/exe"));
    await node.put("etc/docker/daemon.json", '{"forbidden": true}');
    const before = await node.picture();
    const refused = node.run(SCRIPT, SHELLS[0]);
    expect(refused.exitCode).toBe(1);
    expect(refused.messages).toMatch(
      /dockerd would not start.*\n.*flags: -H fd:\/\/ --label a b --validate --config-file \//,
    );
    expect(await node.picture()).toEqual(before);
    await node.put("etc/docker/daemon.json", "{}");
    expect(node.run(SCRIPT, SHELLS[0])).toMatchObject({ exitCode: 0 });
  });
});

describe("docker-flags.awk", () => {
  const lines = [
    'DOCKER_OPTS="--insecure-registry=x"',
    "  --registry-mirror http://x \\",
    "-H=fd://",
    "--host fd://",
    "dockerd -D",
    "# -D",
    "; --debug",
    "--insecure-registry-not=1",
    "x--debug",
    "Environment='A=--label=1'",
    "ExecStart=",
    "dockerd --config-file /etc/docker/daemon.json",
    "dockerd --config-file '/x y'",
    "--config-file=/opt/x;",
    "--add-runtime=a=b --runtime x",
    "-lg",
    "-l debug",
    "",
    "Environment=A=1 \\\n  B=-D\n  C=-H",
    ...["-H fd://", "--debug", "-x \\\n# -D\n  --label=a \\\n -l=x\n -D", "--config-file /opt/x"].map(
      (flags) => `ExecStart=/usr/bin/dockerd ${flags}`,
    ),
    "ExecReload=/bin/kill -H",
    "export OPTS='-D'",
  ];
  const keys = ["registry-mirrors", "insecure-registries", "hosts", "debug", "labels", "runtimes", "log-level", "a(b"];

  for (const awk of [["mawk"], ["busybox", "awk"], ["gawk", "--posix"], ["original-awk"]] as const) {
    test.skipIf(!requirement(awk[0]).met)(`finds what flagObstacles finds, under ${awk.join(" ")}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "larder-flags-"));
      try {
        const texts: FlagText[] = (["process", "unit", "dropin", "variables"] as const).flatMap((kind) =>
          lines
            .map((text, index) => ({ kind, source: `${kind} ${index}`, text }))
            .filter(({ text }) => kind === "dropin" || text !== "ExecStart="),
        );
        for (const some of [texts, texts.filter(({ kind }) => kind !== "dropin")]) {
          await writeFile(join(folder, "keys"), keys.map((key) => `${key}\n`).join(""));
          await writeFile(
            join(folder, "texts"),
            some
              .flatMap(({ kind, source, text }) =>
                text.split("\n").map((line, index) => `${kind}\t${source}\t${index + 1}\t${line}\n`),
              )
              .join(""),
          );
          const program = join(import.meta.dir, "../script/docker-flags.awk");
          const argv = [
            ...awk,
            "-v",
            `daemon=${DAEMON_JSON}`,
            "-f",
            program,
            "part=1",
            join(folder, "keys"),
            "part=2",
            join(folder, "texts"),
          ];
          const { stdout, stderr } = Bun.spawnSync(argv, { env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C" } });
          expect(stderr.toString()).toBe("");
          const expected = flagObstacles(some, keys, DAEMON_JSON).map(
            ({ source, line, message }) => `${source}${line === null ? "" : `:${line}`}: ${message}`,
          );
          expect(expected.length).toBeGreaterThan(20);
          expect(stdout.toString().trim().split("\n").sort()).toEqual([...expected].sort());
        }
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
