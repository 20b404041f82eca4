/** Requests that nobody sends who means well, to a larder that everybody may write to. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { makeImage } from "../conformance/content-factory.ts";
import { pushImage, send } from "../conformance/registry-client.ts";
import { isForeignRegistry } from "../conformance/registry-under-test.ts";
import { ask, expectDecent } from "./expect-decent.ts";
import { type HostileRequest, hostileRequest } from "./hostile-request.ts";
import { hostileRuns } from "./hostile-runs.ts";
import { Sandbox } from "./sandbox.ts";

const RUNS = hostileRuns(1000);
/** What a larder with little to do takes, and three times as much. */
const MEMORY_LIMIT_MIB = 400;
const LIMIT_MS = 600_000;
const IMAGE = makeImage();
const SURROUNDINGS = {
  repositories: ["team/app", "local/team/app", "docker.io/library/app"],
  references: ["1", IMAGE.manifest.digest, ...IMAGE.blobs.map(({ digest }) => digest)],
};
/** A backup's answer goes on until its client leaves; with the first account this would be another test's larder. */
function isOfHere({ method, target }: HostileRequest): boolean {
  return !(method === "POST" && /^\/api\/v1\/(?:backups|tokens)/.test(target)) && !target.startsWith("/api/v1/users");
}

describe.skipIf(isForeignRegistry)("a larder that everybody may write to", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await Sandbox.start(["--open"]);
    for (const repository of ["team/app", "docker.io/library/app"]) {
      await pushImage(sandbox.larder.url, repository, IMAGE, "1");
    }
  }, 60_000);
  afterAll(() => sandbox.stop());

  test(
    "answers every request, in its form, and lives on",
    async () => {
      const { url } = sandbox.larder;
      const request = hostileRequest(SURROUNDINGS).filter(isOfHere);
      const before = (await sandbox.content()).length;
      let accepted = 0;
      const decent = fc.asyncProperty(request, async (asked) => {
        const reply = await ask(url, asked);
        expectDecent(asked, reply);
        if (reply.status === 201 || reply.status === 202) accepted += 1;
      });
      await fc.assert(decent, { numRuns: RUNS });
      expect((await send("GET", `${url}/healthz`)).status).toBe(200);
      expect(sandbox.larder.output()).not.toContain("a request failed");
      expect(await sandbox.strays()).toEqual([]);
      // What was refused has left nothing.
      expect((await sandbox.content()).length).toBeLessThanOrEqual(before + accepted);
      expect(await sandbox.residentMib()).toBeLessThan(MEMORY_LIMIT_MIB);
    },
    LIMIT_MS,
  );
});
