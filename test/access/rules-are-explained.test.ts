/** `larder rules test` of a larder that runs: it knows what users and tokens were given, and who there is. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LARDER } from "../command-line/run-larder.ts";
import { isForeignRegistry } from "../conformance/registry-under-test.ts";
import { runCommand } from "../end-to-end/run-command.ts";
import { GuardedLarder } from "./guarded-larder.ts";

describe.skipIf(isForeignRegistry)("larder rules test", () => {
  let lab: GuardedLarder;
  beforeAll(async () => {
    lab = await GuardedLarder.start(["bob"], null);
    await verb("token", "create", "--name", "ci", "--allow", "pull,push:team/**");
    await verb("user", "add", "eve", "--password-stdin", "--allow", "push:eve/**");
  }, 60_000);
  afterAll(() => lab.stop());

  const verb = (...argv: readonly string[]) =>
    runCommand([LARDER, ...argv], {
      environment: { HOME: lab.folder, RUNTIME_DIRECTORY: lab.larder.runtimeFolder },
      input: "secret",
    });

  test.each([
    ["token:ci", "push", "team/app", "allowed: token:ci was given pull,push:local/team/**"],
    ["token:ci", "push", "other", "refused: what token:ci was given does not have it"],
    ["eve", "push", "eve/app", "allowed: eve was given push:local/eve/**"],
    ["eve", "push", "team/app", "refused: what eve was given does not have it"],
    ["bob", "push", "team/app", "allowed: rule 2"],
    ["nobody-here", "push", "team/app", "but there is nobody called nobody-here just now"],
    ["token:gone", "push", "team/app", "but there is nobody called token:gone just now"],
  ])("%s %s %s: %s", async (subject, action, name, told) => {
    const { output, status } = await verb("rules", "test", subject, action, name);
    expect(output).toContain(told);
    expect(status).toBe(output.startsWith("allowed") ? 0 : 1);
    if (!told.startsWith("but")) expect(output).not.toContain("nobody called");
  });
});
