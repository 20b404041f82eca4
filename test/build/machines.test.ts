/** Each binary is started on a machine of its kind and does what it is for. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBinary } from "../../build/build-binary.ts";
import { hostTarget, type Target, TARGETS } from "../../build/target.ts";
import { shellQuote } from "../../src/clients/quote.ts";
import { download, manifestOf, push } from "../aci/aci-larder.ts";
import { makeImage } from "../conformance/content-factory.ts";
import { blobUrl, manifestUrl, pushImage, send } from "../conformance/registry-client.ts";
import { buildImage, IMAGE_NEEDS } from "../end-to-end/image-factory.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { PullThrough } from "../faults/pull-through.ts";
import { requirement, unmet } from "../requirement.ts";
import { findMachine, type ForeignMachine } from "./foreign-machine.ts";

const SOURCE = { version: "1.2.3-rc.4", commit: "c0ffee", dateSeconds: 1_800_000_000 };
const SETUP_TIMEOUT_MS = 300_000;
const TEST_TIMEOUT_MS = 120_000;
const canConvert = requirement("skopeo", ...IMAGE_NEEDS).met;

/** The machine for a target, whose binary was built; or why there is none. */
async function prepare(target: Target, binary: string): Promise<ForeignMachine | { readonly reason: string }> {
  const machine = await findMachine(target);
  if ("reason" in machine) return machine;
  try {
    await buildBinary(target, SOURCE, binary);
    return machine;
  } catch (error) {
    // Only the runtimes of other machines come from elsewhere.
    if (target === hostTarget() || !/npm could not fetch/.test(String(error))) throw error;
    return { reason: String(error).split("\n")[0] ?? "" };
  }
}

const folder = await mkdtemp(join(tmpdir(), "larder-machines-"));
await chmod(folder, 0o755);
afterAll(() => rm(folder, { recursive: true }));

for (const target of TARGETS) {
  const binary = join(folder, target.file);
  const machine = await prepare(target, binary);
  const start = "reason" in machine ? null : machine.start(binary);
  const isMet = !("reason" in machine) || unmet(`${target.file}: ${machine.reason}`).met;
  const hasChildren = !("reason" in machine) && machine.hasChildren;
  if (isMet && !hasChildren) unmet(`${target.file}: conversions to ACIs need a processor of its kind, or binfmt_misc`);

  describe.skipIf(start === null)(target.file, () => {
    let lab: PullThrough;
    const words = start ?? [];
    beforeAll(async () => {
      // The program that tests start otherwise stands first, and is left out.
      const script = `shift; exec ${words.map(shellQuote).join(" ")} "$@"`;
      lab = await PullThrough.start({ wrapper: ["sh", "-c", script, "sh"], startLimitMs: SETUP_TIMEOUT_MS });
    }, SETUP_TIMEOUT_MS);
    afterAll(() => lab.stop());

    test(
      "takes what is pushed, and fetches what is not here",
      async () => {
        const { url } = lab.larder;
        const own = makeImage();
        await pushImage(url, "team/own", own, "1");
        expect((await send("GET", manifestUrl(url, "team/own", "1"))).bytes).toEqual(own.manifest.bytes);
        const [blob] = own.blobs;
        if (blob === undefined) throw new Error("an image without blobs");
        expect((await send("GET", blobUrl(url, "team/own", blob.digest))).bytes).toEqual(blob.bytes);
        const theirs = lab.addImage("1");
        expect((await lab.manifest("1")).bytes).toEqual(theirs.manifest.bytes);
        const [layer] = theirs.blobs;
        if (layer === undefined) throw new Error("an image without blobs");
        expect((await send("GET", lab.blobUrl(layer.digest))).bytes).toEqual(layer.bytes);
        expect((await send("GET", `${url}/metrics`)).text).toContain(`version="`);
        expect((await send("GET", `${url}/client/${target.file}.sha256`)).text).toMatch(/^[0-9a-f]{64} {2}/);
      },
      TEST_TIMEOUT_MS,
    );

    test(
      "says what it is, and for which machine",
      async () => {
        const told = JSON.parse(await outputOf([...words, "version", "--json"])) as { platform: string };
        expect(told).toMatchObject({ commit: SOURCE.commit, platform: `linux/${target.architecture}` });
      },
      TEST_TIMEOUT_MS,
    );

    test.skipIf(!canConvert || !hasChildren)(
      "converts to ACIs in a process of its own",
      async () => {
        await push(lab.larder, await buildImage(folder, { name: `app-${target.libc}` }), "team/app:1");
        await download(lab.larder, "/aci/team/app:1.aci", join(folder, "app.aci"));
        expect((await manifestOf(join(folder, "app.aci"))).name).toBe("127.0.0.1/team/app");
      },
      TEST_TIMEOUT_MS,
    );

    test(
      "ends when it is asked to",
      async () => {
        lab.larder.signal("SIGTERM");
        expect(await lab.larder.exited).toBe(0);
      },
      TEST_TIMEOUT_MS,
    );
  });
}
