import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLarder } from "../conformance/larder-process.ts";
import { buildImage, IMAGE_NEEDS } from "../end-to-end/image-factory.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { download, manifestOf, push } from "./aci-larder.ts";

const lab = requirement("skopeo", ...IMAGE_NEEDS);
const MAIN = join(import.meta.dir, "../../src/main.ts");

test.skipIf(!lab.met)("larder as one compiled file converts by starting itself again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-aci-"));
  try {
    const binary = join(folder, "larder");
    await outputOf([process.execPath, "build", "--compile", MAIN, "--outfile", binary]);
    // The program that tests start otherwise stands first, and is left out.
    const larder = await startLarder({ wrapper: ["sh", "-c", `shift; exec '${binary}' "$@"`, "sh"] });
    try {
      await push(larder, await buildImage(folder, { name: "app" }), "team/app:1");
      await download(larder, "/aci/team/app:1.aci", join(folder, "app.aci"));
      expect((await manifestOf(join(folder, "app.aci"))).name).toBe("127.0.0.1/team/app");
    } finally {
      await larder.stop();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
