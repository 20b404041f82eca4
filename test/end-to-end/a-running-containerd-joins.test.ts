/**
 * A containerd that runs joins by one line, whatever it was configured by, and CRI then pulls from larder: there is no
 * other registry in the lab. No setting makes CRI pull in another way than it does by itself (from 2.1 on that is the
 * transfer service).
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Finding } from "../../src/doctor/finding.ts";
import { findProgram } from "../debian-packages.ts";
import { findGoProgram } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import { pullByCri } from "./cri.ts";
import { IMAGE_NEEDS, type BuiltImage } from "./image-factory.ts";
import { addFreshNode, JOINING_NEEDS, pictureOfEtc } from "./joining-node.ts";
import type { LabDaemon } from "./lab-daemon.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { type ImageName, publishImages, spoofedHosts } from "./published-images.ts";
import type { CommandResult } from "./run-command.ts";

const SETUP_TIMEOUT_MS = 120_000;
const TEST_TIMEOUT_MS = 120_000;
const START_TIMEOUT_MS = 30_000;
const LARDER = join(import.meta.dir, "..", "..", "larder");
const CONFIG = "/etc/containerd/config.toml";
const SOCKET = "/run/containerd/containerd.sock";
const PULLED: readonly ImageName[] = [
  "docker.io/library/app:1",
  "registry.k8s.io/library/app:1",
  "quay.io/library/app:1",
];

/** What the registry table is called in a file of each version. */
const TABLE = {
  2: `[plugins."io.containerd.grpc.v1.cri".registry]`,
  3: `[plugins."io.containerd.cri.v1.images".registry]`,
  4: `[plugins."io.containerd.cri.v1.images".registry]`,
} as const;
const LIST = "/etc/containerd/certs.d:/etc/docker/certs.d";

const VERSIONS = [
  {
    name: "Debian's",
    program: findProgram("containerd"),
    needs: ["containerd"],
    file: 2,
    // It cannot read zstd.
    images: PULLED.slice(0, 2),
  },
  { name: "2.2", program: findGoProgram("containerd-2.2"), needs: ["go:containerd-2.2"], file: 3, images: PULLED },
  { name: "2.3", program: findGoProgram("containerd-2.3"), needs: ["go:containerd-2.3"], file: 4, images: PULLED },
  { name: "2.4", program: findGoProgram("containerd-2.4"), needs: ["go:containerd-2.4"], file: 4, images: PULLED },
] as const;

const NEEDS = [...LAB_NEEDS, ...IMAGE_NEEDS, ...JOINING_NEEDS, "skopeo"];

describe.skipIf(!requirement(...NEEDS).met)("a running containerd", () => {
  let lab: NetworkLab;
  let registry: LabHost;
  let published: Map<ImageName, BuiltImage>;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    registry = await lab.addHost("registry");
    await registry.setHostsFile(spoofedHosts("127.0.0.1"));
    await startLarder(registry);
    published = await publishImages(lab, registry);
  }, SETUP_TIMEOUT_MS);
  afterAll(() => lab.close());

  describe.each(VERSIONS)("$name", ({ name, program, needs, file, images }) => {
    const { met } = requirement(...needs);
    let node: LabHost;
    let daemon: LabDaemon | null = null;

    beforeAll(async () => {
      if (!met) return;
      node = await addFreshNode(lab, `node-${name.replaceAll(/\W/g, "")}`);
      await writeServiceManager(node);
    }, SETUP_TIMEOUT_MS);

    beforeEach(async () => {
      await daemon?.stop();
      daemon = null;
      await node.exec(["sh", "-c", "rm -rf /etc/containerd /var/lib/containerd /run/restarted /run/broken"]);
    });

    async function start(...argv: string[]): Promise<void> {
      daemon = node.start([join(node.folder, "bin/keep-running"), program ?? "", ...argv]);
      await daemon.until(async () => (await node.run(["test", "-S", SOCKET])).status === 0, START_TIMEOUT_MS);
    }

    const pull = (image: string) => pullByCri(node.outsidePath(SOCKET), image);

    async function expectPulls(): Promise<void> {
      for (const image of images) expect(await pull(image)).toBe(published.get(image)?.configDigest as never);
    }

    /** In the lab nobody but larder has it. */
    async function expectNoPull(): Promise<void> {
      await expect(pull("docker.io/library/app:1")).rejects.toThrow("CRI answered");
    }

    async function importingConfiguration(): Promise<string> {
      await node.writeFile("/etc/containerd/conf.d/20-site.toml", `version = ${file}\n[debug]\nlevel = "warn"\n`);
      return `imports = ["/etc/containerd/conf.d/*.toml"]\nversion = ${file}\n`;
    }

    /** Nobody listens there, so that a pull which asks larder first is the only one that comes to an end. */
    async function configurationWithMirror(): Promise<string> {
      const options = 'capabilities = ["pull", "resolve"]\n  override_path = false';
      const mirror = `# the site's\nserver = "https://mirror.example"\n\n[host."http://127.0.0.1:9"]\n  ${options}\n`;
      await node.writeFile("/etc/containerd/certs.d/docker.io/hosts.toml", mirror);
      return `version = ${file}\n${TABLE[file]}\nconfig_path = "${LIST}"\n`;
    }

    const ways: readonly [string, () => Promise<string | null>, string[]][] = [
      ["without a configuration", async () => null, []],
      ["with its default configuration", () => node.exec([program ?? "", "config", "default"]), []],
      ["with a list of folders, version 2", async () => `version = 2\n${TABLE[2]}\nconfig_path = "${LIST}"\n`, []],
      ["with a list of folders", async () => `version = ${file}\n${TABLE[file]}\nconfig_path = "${LIST}"\n`, []],
      ["with imports of other things", importingConfiguration, []],
      ["with a mirror of the site's", configurationWithMirror, []],
      ["with a configuration elsewhere", async () => `version = ${file}\n`, ["--config", "/etc/other.toml"]],
    ];

    test.skipIf(!met).each(ways)(
      "%s",
      async (_, configuration, argv) => {
        const text = await configuration();
        const path = argv[1] ?? CONFIG;
        if (text !== null) await node.writeFile(path, text);
        const before = await pictureOfEtc(node);
        await start(...argv);
        await expectNoPull();
        const joined = await runLine(node, registry, "sh");
        expect(joined.output).toContain(`wrote ${path}\n`);
        expect([joined.status, joined.output]).toEqual([0, expect.stringContaining("larder: done.") as string]);
        await expectPulls();
        expect(await askDoctor(node)).toEqual([expect.stringMatching(/^ok asks .*, and that is larder$/) as string]);
        expect(await askByScript(node, registry)).toMatch(/^ok {4}containerd asks .*, and that is larder$/m);
        expect((await runLine(node, registry, "sh")).output).toContain("nothing to do");
        expect((await runLine(node, registry, "sh -s undo")).status).toBe(0);
        expect(await pictureOfEtc(node)).toEqual(before);
        expect(await node.readFile("/run/restarted")).toBe("containerd\ncontainerd\n");
        await node.exec(["ctr", "--namespace", "k8s.io", "images", "rm", "--sync", ...images]);
        await expectNoPull();
      },
      TEST_TIMEOUT_MS,
    );

    test.skipIf(!met)(
      "whose import sets the registries is refused, with the import's name, and nothing is changed",
      async () => {
        // Version 1 takes a relative pattern from its working directory.
        const imports = file === 2 ? "/etc/containerd/conf.d/*.toml" : "conf.d/*.toml";
        await node.writeFile(CONFIG, `version = ${file}\nimports = ["${imports}"]\n`);
        await node.writeFile(
          "/etc/containerd/conf.d/10-site.toml",
          `version = ${file}\n${TABLE[file]}\n  config_path = "/etc/site/certs.d"\n`,
        );
        const before = await pictureOfEtc(node);
        await start();
        const refused = await runLine(node, registry, "sh");
        expect(refused.status).toBe(1);
        expect(refused.output).toContain("nothing was changed");
        expect(refused.output).toContain(
          "/etc/containerd/config.toml: it imports /etc/containerd/conf.d/10-site.toml, which sets config_path to /etc/site/certs.d (line 3)",
        );
        expect(await pictureOfEtc(node)).toEqual(before);
        expect((await node.run(["test", "-e", "/run/restarted"])).status).toBe(1);
      },
      TEST_TIMEOUT_MS,
    );

    test.skipIf(!met)(
      "that serves CRI is found beside one that does not, as Docker's package has it",
      async () => {
        await node.writeFile(
          CONFIG,
          `root = "/run/docker-root"\nstate = "/run/docker-state"
disabled_plugins = ["cri"]\n[grpc]\naddress = "/run/docker.sock"\n`,
        );
        const other = node.start([program ?? ""]);
        await other.until(
          async () => (await node.run(["test", "-S", "/run/docker.sock"])).status === 0,
          START_TIMEOUT_MS,
        );
        await node.writeFile("/etc/other.toml", `version = ${file}\n`);
        await start("--config", "/etc/other.toml");
        const joined = await runLine(node, registry, "sh");
        expect([joined.status, joined.output]).toEqual([
          0,
          expect.stringContaining("wrote /etc/other.toml\n") as string,
        ]);
        await expectPulls();
        await runLine(node, registry, "sh -s undo");
        await other.stop();
      },
      TEST_TIMEOUT_MS,
    );

    test.skipIf(!met)(
      "that has not read its configuration is restarted, though nothing is to be written",
      async () => {
        await start();
        // Of another second than the start, as far as the clocks of files and processes can be compared.
        await node.writeFile(CONFIG, `version = ${file}\n${TABLE[file]}\nconfig_path = "/etc/containerd/certs.d"\n`);
        await node.exec(["touch", "-d", "+1 minute", CONFIG]);
        const joined = await runLine(node, registry, "sh");
        expect(joined.output).toContain(`${CONFIG} was changed after the containerd that runs had started`);
        expect(joined.status).toBe(0);
        await expectPulls();
      },
      TEST_TIMEOUT_MS,
    );

    test.skipIf(!met)(
      "that is not to be restarted is told of",
      async () => {
        await start();
        expect(await askByScript(node, registry)).toMatch(/^FAIL {2}containerd .* has no config_path/m);
        const joined = await runLine(node, registry, "LARDER_RESTART=no sh");
        expect([joined.status, joined.output]).toEqual([0, expect.stringContaining("past larder") as string]);
        await expectNoPull();
        await runLine(node, registry, "sh -s undo");
      },
      TEST_TIMEOUT_MS,
    );

    test.skipIf(!met).each([
      ["cannot be restarted", "restart", "this failed: restart containerd;"],
      ["is no service", "is-active", "was started before, and no service"],
    ])(
      "that %s has not read what was written, and that is said and is a failure",
      async (_, broken, message) => {
        await start();
        await node.writeFile("/run/broken", broken);
        const joined = await runLine(node, registry, "sh");
        expect([joined.status, joined.output]).toEqual([1, expect.stringContaining(message) as string]);
        expect(joined.output).not.toContain("larder: done");
        await expectNoPull();
        // However fast all that was.
        await node.exec(["touch", "-d", "+1 minute", CONFIG]);
        expect(await askDoctor(node)).toContainEqual(
          expect.stringMatching(/^fail the containerd that runs .* was started before .* was changed/) as string,
        );
        expect(await askByScript(node, registry)).toMatch(
          /^FAIL {2}containerd the containerd that runs .* was changed/m,
        );
        await runLine(node, registry, "sh -s undo");
      },
      TEST_TIMEOUT_MS,
    );
  });
});

/** What `larder doctor` finds of containerd on the node. */
async function askDoctor(node: LabHost): Promise<string[]> {
  const { output } = await node.run([LARDER, "doctor", "--json"]);
  const findings = JSON.parse(output) as Finding[];
  return findings.filter(({ check }) => check === "containerd").map(({ status, message }) => `${status} ${message}`);
}

/** The same by the script, for a node that has no larder to run. */
async function askByScript(node: LabHost, registry: LabHost): Promise<string> {
  const line = `curl -fsS http://${registry.ipv4}:5000/client/doctor.sh | sh`;
  return (await node.run(["sh", "-c", line])).output;
}

/** `curl … | sh` on the node, beside the service manager that `writeServiceManager` made. Both streams in `output`. */
function runLine(node: LabHost, registry: LabHost, shell: string): Promise<CommandResult> {
  const url = `http://${registry.ipv4}:5000/client/containerd.sh`;
  const line = `PATH=${join(node.folder, "bin")}:$PATH; set -e; curl -fsS ${url} >/run/script; ${shell} </run/script 2>&1`;
  return node.run(["sh", "-c", line]);
}

/**
 * A service manager of one service: `keep-running PROGRAM…` starts it again whenever it ends, and systemctl, which writes
 * down what it is to restart, ends it. What /run/broken names fails.
 */
async function writeServiceManager(node: LabHost): Promise<void> {
  const programs = {
    "keep-running": `#!/bin/sh
trap 'kill $child; wait $child; exit' TERM
while :; do
  "$@" & child=$!
  echo $child >/run/main
  wait $child
  sleep 0.2
done
`,
    systemctl: `#!/bin/sh
if [ "$(cat /run/broken 2>/dev/null)" = "$1" ]; then exit 1; fi
if [ "$1" != restart ]; then exit 0; fi
echo "$2" >>/run/restarted
old=$(cat /run/main)
kill $old
for try in $(seq 300); do
  if [ "$(cat /run/main)" != "$old" ] && ctr version >/dev/null 2>&1; then exit 0; fi
  sleep 0.1
done
exit 1
`,
  };
  for (const [name, text] of Object.entries(programs)) await node.writeFile(join(node.folder, "bin", name), text);
  await node.exec(["chmod", "-R", "+x", join(node.folder, "bin")]);
  await node.exec(["mkdir", "-p", "/run/systemd/system"]);
}
