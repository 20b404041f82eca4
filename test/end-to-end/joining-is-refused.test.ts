import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requirement } from "../requirement.ts";
import { runDocker } from "./docker.ts";
import { addFreshNode, JOINING_NEEDS, pictureOfEtc } from "./joining-node.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { CLIENT_NEEDS } from "./node-clients.ts";
import type { CommandResult } from "./run-command.ts";

const SETUP_TIMEOUT_MS = 60_000;
const TEST_TIMEOUT_MS = 90_000;
const FLAG = "--insecure-registry=192.0.2.99:5000";

describe.skipIf(!requirement(...LAB_NEEDS, ...JOINING_NEEDS).met)("joining is refused, with nothing changed,", () => {
  let lab: NetworkLab;
  let registry: LabHost;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    registry = await lab.addHost("registry");
    await startLarder(registry);
  }, SETUP_TIMEOUT_MS);
  afterAll(() => lab.close());

  /** What a person types: the exit status is that of the shell at the end of the pipe. */
  function typeLine(node: LabHost, target: string, host = registry.ipv4): Promise<CommandResult> {
    return node.run(["sh", "-c", `curl -fsS 'http://${host}:5000/client/${target}.sh' | sh 2>&1`]);
  }

  async function expectRefusal(node: LabHost, target: string, reason: string, host = registry.ipv4): Promise<void> {
    const before = await pictureOfEtc(node);
    expect(await typeLine(node, target, host)).toMatchObject({
      status: 1,
      output: expect.stringContaining(reason) as string,
    });
    expect(await pictureOfEtc(node)).toEqual(before);
  }

  test(
    "where an IPv6 address would be the place of a mirror",
    async () => {
      const node = await addFreshNode(lab, "ipv6");
      await expectRefusal(node, "crio", "take no IPv6 address as the place of a mirror", `[${registry.ipv6}]`);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "where a file of the site's would lead past larder",
    async () => {
      const node = await addFreshNode(lab, "site");
      const path = "/etc/containers/registries.conf.d/99-site.conf";
      await node.writeFile(path, '[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n');
      await expectRefusal(node, "podman", `${path}:1: its table for docker.io is read after larder's`);
      await node.exec(["rm", path]);
      expect(await typeLine(node, "podman")).toMatchObject({ status: 0 });
    },
    TEST_TIMEOUT_MS,
  );

  test.skipIf(!requirement(...CLIENT_NEEDS.docker).met)(
    "where dockerd would not start any more; elsewhere it does",
    async () => {
      const node = await addFreshNode(lab, "flags");
      const { daemon: flagged } = await runDocker(node, FLAG);
      await expectRefusal(node, "docker", "the dockerd that runs (process");
      await flagged.stop();
      await node.writeFile("/etc/conf.d/docker", `DOCKER_OPTS="${FLAG}"\n`);
      await expectRefusal(node, "docker", "/etc/conf.d/docker:1: it passes --insecure-registry");
      await node.exec(["rm", "/etc/conf.d/docker"]);

      const { daemon: plain } = await runDocker(node, "--debug");
      expect(await typeLine(node, "docker")).toMatchObject({ status: 0 });
      await plain.stop();
      await (await runDocker(node, "--debug")).daemon.stop();
      // The refusals were right.
      const refused = node.start(["dockerd", FLAG]);
      await refused.printed(/specified both as a flag and in the configuration file: insecure-registries/, 20_000);
      expect(await refused.stop()).not.toBe(0);
    },
    TEST_TIMEOUT_MS,
  );
});
