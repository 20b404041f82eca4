/** A program in another language, made from the document that a larder serves, works with that larder. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { outputOf, runCommand } from "../end-to-end/run-command.ts";
import { HOST, PATH, PullThrough } from "../faults/pull-through.ts";
import { findPythonEnvironment } from "../python-environment.ts";
import { unmet } from "../requirement.ts";
const generator = await findPythonEnvironment("openapi-python-client", "0.29.1");
const isMet = "programs" in generator || unmet(generator.reason).met;

describe.skipIf(!isMet)("a client in Python, generated from the document", () => {
  const programs = "programs" in generator ? generator.programs : "";
  let lab: PullThrough;
  let folder: string;
  beforeAll(async () => {
    lab = await PullThrough.start();
    folder = await mkdtemp(join(tmpdir(), "larder-python-"));
  });
  afterAll(async () => {
    await lab.stop();
    await rm(folder, { recursive: true });
  });

  test("fetches, lists, shows, checks and removes images, and tells why something is refused", async () => {
    const document = `${lab.larder.url}/api/v1/openapi.json`;
    const output = join(folder, "larder_client");
    const environment = { HOME: folder, PATH: `${programs}:${Bun.env["PATH"] ?? ""}` };
    const generate = ["generate", "--url", document, "--meta", "none", "--output-path", output];
    await outputOf([join(programs, "openapi-python-client"), ...generate], { environment, timeoutMs: 60_000 });

    lab.addImage("generated");
    const image = `${HOST}/${PATH}:generated`;
    const script = join(import.meta.dir, "use_generated_client.py");
    const {
      status,
      output: printed,
      errors,
    } = await runCommand([join(programs, "python"), script, lab.larder.url, image], {
      environment: { ...environment, PYTHONPATH: folder },
      timeoutMs: 60_000,
    });
    expect([status, errors]).toEqual([0, ""]);
    expect(JSON.parse(printed)).toEqual({
      version: "larder",
      fetched: "done",
      listed: [image],
      inspected: [image, "cached", 2],
      "by digest": true,
      checked: "whole",
      removed: "cached",
      problem: [404, "MANIFEST_UNKNOWN", `${image} is not here`],
      refused: "NAME_INVALID",
      offline: true,
      "cannot fetch": [502, "UPSTREAM_UNAVAILABLE"],
      document: "3.1.1",
    });
  }, 120_000);
});
