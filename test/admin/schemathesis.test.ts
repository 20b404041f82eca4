/**
 * What schemathesis finds: requests of every kind, made from the document that larder serves, valid and not.
 *
 * It takes a minute, and runs where `LARDER_TEST_SCHEMATHESIS` names its program (`pip install schemathesis==4.32.5`). That
 * what a schema allows is never refused is not asked of larder: names of images, digests and platforms have grammars that
 * the document tells in words.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeImage } from "../conformance/content-factory.ts";
import { runCommand } from "../end-to-end/run-command.ts";
import { HOST, PullThrough } from "../faults/pull-through.ts";
import { unmet } from "../requirement.ts";

const program = process.env["LARDER_TEST_SCHEMATHESIS"] ?? "";
const isMet = program !== "" || unmet("LARDER_TEST_SCHEMATHESIS names no program").met;
const LIMIT_MS = 300_000;

describe.skipIf(!isMet)("schemathesis", () => {
  let lab: PullThrough;
  let folder: string;
  beforeAll(async () => {
    // Nobody else is stood in for: what it asks larder to fetch is asked of nobody.
    lab = await PullThrough.start({ arguments: ["--stand-in", HOST] });
    lab.upstream.addImage(makeImage(), "1");
    folder = await mkdtemp(join(tmpdir(), "larder-schemathesis-"));
  });
  afterAll(async () => {
    await lab.stop();
    await rm(folder, { recursive: true });
  });

  test(
    "finds no request that is answered in another way than the document says, or not at all",
    async () => {
      const argv = [
        "run",
        `${lab.larder.url}/api/v1/openapi.json`,
        "--max-examples",
        "25",
        "--seed",
        "1",
        "--no-color",
      ];
      const options = ["--exclude-checks", "positive_data_acceptance", "--request-timeout", "30"];
      // It keeps what it found in the folder that it runs in.
      const environment = { HOME: folder, PATH: Bun.env["PATH"] ?? "" };
      const { status, output } = await runCommand(["env", "-C", folder, program, ...argv, ...options], {
        environment,
        timeoutMs: LIMIT_MS,
      });
      expect(status, output).toBe(0);
      expect(output).toContain("13 selected / 13 total");
      expect(lab.larder.output()).not.toContain("a request failed");
    },
    LIMIT_MS,
  );
});
