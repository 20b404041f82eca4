import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { buildBinary } from "../../build/build-binary.ts";
import { hostTarget } from "../../build/target.ts";
import { requirement } from "../requirement.ts";
import type { LabHost } from "./lab-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { outputOf } from "./run-command.ts";

const SOURCE = { version: "1.2.3-rc.4", commit: "c0ffee", dateSeconds: 1_800_000_000 };
const SETUP_TIMEOUT_MS = 90_000;
const TEST_TIMEOUT_MS = 60_000;

describe.skipIf(!requirement(...LAB_NEEDS, "curl", "sha256sum").met)("a node that has nothing", () => {
  let lab: NetworkLab;
  let registry: LabHost;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    registry = await lab.addHost("registry");
    const binary = join(registry.folder, "larder");
    await buildBinary(hostTarget(), SOURCE, binary);
    const serve = [binary, "serve", "--http", ":80", "--data", join(registry.folder, "data"), "--offline"];
    const larder = registry.start([...serve, "--stand-in", "docker.io"]);
    await larder.printed(/is ready/, 20_000);
  }, SETUP_TIMEOUT_MS);
  afterAll(() => lab.close());

  test(
    "gets larder from larder, and the doctor runs there with the C library alone",
    async () => {
      const node = await lab.addHost("node");
      const root = join(node.folder, "root");
      await mkdir(join(root, "proc"), { recursive: true });
      const name = `larder-linux-${hostTarget().architecture}`;
      const url = `http://${registry.ipv4}/client/${name}`;
      await node.exec(["sh", "-c", `cd '${root}' && curl -fsS ${url} -o larder && chmod 755 larder`]);
      await node.exec(["sh", "-c", `cd '${root}' && curl -fsS ${url}.sha256 | sed 's/  .*/  larder/' | sha256sum -c`]);
      for (const library of await librariesOf(join(root, "larder"))) {
        await mkdir(dirname(join(root, library)), { recursive: true });
        await cp(library, join(root, library), { dereference: true });
      }
      await node.exec(["mount", "--rbind", "/proc", join(root, "proc")]);
      const run = (...argv: readonly string[]) => node.run(["chroot", root, "/larder", ...argv]);
      expect((await run("version")).output).toContain(SOURCE.commit);
      const { output, errors } = await run("doctor", "--registry", registry.ipv4);
      expect(`${output}${errors}`).toMatch(new RegExp(`ok +larder +answers at http://${registry.ipv4}`));
      expect((await run("ls", "--registry", registry.ipv4)).status).toBe(0);
    },
    TEST_TIMEOUT_MS,
  );
});

/** The files that the loader maps for a program, the loader among them. */
async function librariesOf(program: string): Promise<readonly string[]> {
  const listed = await outputOf(["ldd", program]);
  return [...listed.matchAll(/(\/\S+) \(0x/g)].flatMap((match) => match[1] ?? []);
}
