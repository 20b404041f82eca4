import { afterAll, beforeAll } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBinary } from "../../build/build-binary.ts";
import { readSourceVersion } from "../../build/source-version.ts";
import { hostTarget } from "../../build/target.ts";
import { unmet } from "../requirement.ts";
import { type Init, TestMachine } from "./test-machine.ts";

/** Boots a machine. Null where that cannot be done; the reason is told with the skipped suites. */
export async function tryBoot(init: Init): Promise<TestMachine | null> {
  try {
    return await TestMachine.boot(init);
  } catch (error) {
    unmet(String(error).split("\n")[0] ?? "");
    return null;
  }
}

/**
 * Puts larder's one file at /root/larder of the machine before the tests of the suite that calls, and ends the machine after them.
 * Gives a folder outside of the machine, which is there for as long.
 */
export function bringLarder(host: TestMachine): () => string {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-installed-"));
    const binary = join(folder, "larder");
    await buildBinary(hostTarget(), readSourceVersion({}), binary);
    await host.copyIn(binary, "/root/larder");
    await chmod(host.outsidePath("/root/larder"), 0o755);
  });
  afterAll(async () => {
    await host.close();
    await rm(folder, { recursive: true, force: true });
  });
  return () => folder;
}
