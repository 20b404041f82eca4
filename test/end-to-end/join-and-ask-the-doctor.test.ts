import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Finding } from "../../src/doctor/finding.ts";
import { requirement } from "../requirement.ts";
import { addFreshNode, JOINING_NEEDS, runScript } from "./joining-node.ts";
import type { LabDaemon } from "./lab-daemon.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";

const PROGRAM = join(import.meta.dir, "..", "..", "larder");
const SETUP_TIMEOUT_MS = 60_000;
const TEST_TIMEOUT_MS = 60_000;

describe.skipIf(!requirement(...LAB_NEEDS, ...JOINING_NEEDS).met)("larder doctor, on a node", () => {
  let lab: NetworkLab;
  let registry: LabHost;
  let larder: LabDaemon;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    registry = await lab.addHost("registry");
    larder = await startLarder(registry, "--standard-ports", "--stand-in", "docker.io", "--stand-in", "quay.io");
  }, SETUP_TIMEOUT_MS);
  afterAll(() => lab.close());

  /** Exit status, and the findings of a check as `status message`. */
  async function ask(node: LabHost, check: string, ...argv: string[]): Promise<[number, string[]]> {
    const { status, output } = await node.run([PROGRAM, "doctor", "--json", ...argv]);
    const findings = JSON.parse(output) as Finding[];
    return [status, findings.filter((one) => one.check === check).map((one) => `${one.status} ${one.message}`)];
  }

  /** What `curl …/client/doctor.sh | sh` says, on a node that has no larder to run. */
  async function askByScript(node: LabHost): Promise<[number, string]> {
    const line = `curl -fsS http://${registry.ipv4}/client/doctor.sh | sh`;
    const { status, output } = await node.run(["sh", "-c", line]);
    return [status, output];
  }

  test(
    "tells of names that lead nowhere, until the node has joined, and of a larder that is gone",
    async () => {
      const node = await addFreshNode(lab, "mirroring");
      const [before, names] = await ask(node, "name", "--registry", registry.ipv4);
      expect([before, names[0]]).toEqual([
        1,
        expect.stringMatching(/^fail registry-1\.docker\.io and quay\.io have no address.*gets nowhere$/),
      ]);
      expect((await askByScript(node))[1]).toContain("no address on this machine");
      for (const target of ["containerd", "containers", "docker"]) {
        await runScript(node, `http://${registry.ipv4}:5000/client/${target}.sh`);
      }
      const origin = `http://${registry.ipv4}:5000`;
      // Its own files say where larder is.
      expect(await ask(node, "larder")).toEqual([0, [`ok answers at ${origin}`]]);
      expect((await ask(node, "containerd"))[1]).toEqual([
        `ok asks ${origin} for docker.io, quay.io, and that is larder`,
      ]);
      expect((await ask(node, "sandbox"))[1]).toEqual([
        expect.stringMatching(
          /^ok containerd starts every pod with .*pause:.* \(containerd config dump\), whose registry/,
        ),
      ]);
      const text = await node.exec([PROGRAM, "doctor", "--registry", registry.ipv4]);
      expect(text).toContain("ok    docker     asks ");
      expect(text).not.toContain("FAIL");
      const [scripted, lines] = await askByScript(node);
      expect([scripted, lines]).toEqual([0, expect.not.stringContaining("FAIL")]);
      expect(lines).toContain(`ok    containerd asks ${origin} for docker.io and quay.io, and that is larder\n`);
      expect(lines).toMatch(/ok {4}containers asks http:\/\/\S+ for docker.io and quay.io, and that is larder\n/);
      expect(lines).toContain(`ok    docker     asks ${origin} for docker.io`);
      await larder.stop();
      // One cause is one line.
      const { status, output } = await node.run([PROGRAM, "doctor", "--json", "--registry", origin]);
      const failures = (JSON.parse(output) as Finding[]).filter((one) => one.status === "fail");
      expect([status, failures.map(({ check, message }) => `${check} ${message}`)]).toEqual([
        1,
        [`larder nobody answers as larder at ${origin}, where containerd, containers and docker ask for images`],
      ]);
      larder = await startLarder(registry, "--standard-ports", "--stand-in", "docker.io", "--stand-in", "quay.io");
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "tells of spoofed names whose certificate is not trusted, until it is",
    async () => {
      const node = await addFreshNode(lab, "spoofed");
      await runScript(node, `http://${registry.ipv4}/client/hosts.sh`);
      const [before, names] = await ask(node, "name", "--registry", registry.ipv4);
      expect([before, names[0]]).toEqual([
        1,
        expect.stringMatching(
          /^fail registry-1\.docker\.io and quay\.io are 192\.0\.2\.1: larder, at port 443, with a certificate that .* not trust/,
        ),
      ]);
      expect(await askByScript(node)).toEqual([
        1,
        expect.stringContaining("larder at 192.0.2.1, with a certificate that this machine does not trust"),
      ]);
      await runScript(node, `http://${registry.ipv4}/client/trust.sh`);
      expect(await askByScript(node)).toEqual([
        0,
        expect.stringContaining("registry-1.docker.io and quay.io: larder at 192.0.2.1, by HTTPS that is trusted"),
      ]);
      expect(await ask(node, "name", "--registry", registry.ipv4)).toEqual([
        0,
        [`ok registry-1.docker.io and quay.io are ${registry.ipv4}: larder, by HTTPS that is trusted`],
      ]);
    },
    TEST_TIMEOUT_MS,
  );
});
