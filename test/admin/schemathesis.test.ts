/**
 * What schemathesis finds: requests of every kind, made from the document that larder serves, valid and not.
 *
 * It takes a minute, and runs where `LARDER_TEST_SCHEMATHESIS` names its program (`pip install schemathesis==4.32.5`). That
 * what a schema allows is never refused is not asked of larder: names of images, digests and platforms have grammars that
 * the document tells in words.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CONTRACT } from "../../src/admin/contract.ts";
import { basicOf, htpasswdOf } from "../access/guarded-larder.ts";
import { makeImage } from "../conformance/content-factory.ts";
import { startLarder } from "../conformance/larder-process.ts";
import { runCommand } from "../end-to-end/run-command.ts";
import { MisbehavingUpstream } from "../faults/misbehaving-upstream.ts";
import { HOST } from "../faults/pull-through.ts";
import { unmet } from "../requirement.ts";

const program = process.env["LARDER_TEST_SCHEMATHESIS"] ?? "";
const isMet = program !== "" || unmet("LARDER_TEST_SCHEMATHESIS names no program").met;
const LIMIT_MS = 300_000;
/** A backup's answer goes on until its client leaves. */
const ENDLESS = "beginBackup";
/** The document does not tell of itself. */
const OPERATIONS = Object.keys(CONTRACT).length - 1;
/** What is too large is refused as such, be it otherwise right or wrong. */
const CONFIG = "[checks.negative_data_rejection]\nexpected-statuses = [400, 401, 403, 404, 405, 413, 429]\n";
const RULES = `auth:
  htpasswd: HTPASSWD
  rules:
    - { subject: anonymous, allow: [pull], names: ['public/**'] }
    - { subject: root, allow: ['*'], names: ['**'] }
`;

describe.skipIf(!isMet)("schemathesis", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-schemathesis-"));
    await writeFile(join(folder, "schemathesis.toml"), CONFIG);
    const htpasswd = join(folder, "htpasswd");
    await writeFile(htpasswd, await htpasswdOf("root"));
    await writeFile(join(folder, "larder.yaml"), RULES.replace("HTPASSWD", htpasswd));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each([
    ["where nobody is set up", ["--open"], []],
    ["of somebody who may everything", ["--config", "larder.yaml"], [`Authorization: ${basicOf("root")}`]],
    ["of nobody, where people are set up", ["--config", "larder.yaml"], []],
    ["with a token that nobody gave", ["--config", "larder.yaml"], ["Authorization: Bearer larder_0"]],
  ])(
    "finds no request %s that is answered in another way than the document says, or not at all",
    async (_who, settings, headers) => {
      // Nobody else is stood in for: what it asks larder to fetch is asked of nobody.
      const upstream = await MisbehavingUpstream.start();
      upstream.addImage(makeImage(), "1");
      const given = settings.map((word) => word.replace(/^larder\.yaml$/, join(folder, word)));
      const reach = ["--upstream", `${HOST}=${upstream.url}`, "--stand-in", HOST];
      const larder = await startLarder({ arguments: [...reach, ...given] });
      try {
        const { status, output } = await schemathesis(folder, larder.url, headers);
        expect(status, output.slice(0, 20_000)).toBe(0);
        expect(output).toContain(`${OPERATIONS - 1} selected / ${OPERATIONS} total`);
        expect(larder.output()).not.toContain("a request failed");
      } finally {
        await larder.stop();
        await upstream.stop();
      }
    },
    LIMIT_MS,
  );
});

/** It keeps what it found in the folder that it runs in. */
async function schemathesis(folder: string, url: string, headers: readonly string[]) {
  const argv = ["run", `${url}/api/v1/openapi.json`, "--max-examples", "25", "--seed", "1", "--no-color"];
  const options = ["--exclude-checks", "positive_data_acceptance", "--request-timeout", "30"];
  const more = ["--exclude-operation-id", ENDLESS, ...headers.flatMap((header) => ["-H", header])];
  const environment = { HOME: folder, PATH: Bun.env["PATH"] ?? "" };
  return runCommand(["env", "-C", folder, program, ...argv, ...options, ...more], { environment, timeoutMs: LIMIT_MS });
}
