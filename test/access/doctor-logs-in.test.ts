/** `larder doctor` of a larder that tells nobody but those who log in how it is. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LARDER } from "../command-line/run-larder.ts";
import { isForeignRegistry } from "../conformance/registry-under-test.ts";
import { runCommand } from "../end-to-end/run-command.ts";
import { GuardedLarder, passwordOf } from "./guarded-larder.ts";

type Finding = { readonly check: string; readonly status: string; readonly message: string; readonly advice: string };

const LIMIT_MS = 60_000;

describe.skipIf(isForeignRegistry)("larder doctor", () => {
  let lab: GuardedLarder;
  let host: string;
  beforeAll(async () => {
    lab = await GuardedLarder.start(["bob"], [{ subject: "authenticated", allow: ["pull"], names: ["**"] }]);
    host = new URL(lab.larder.url).host;
  }, LIMIT_MS);
  afterAll(() => lab.stop());

  const run = (argv: readonly string[], runtimeFolder: string, input = "") =>
    runCommand([LARDER, ...argv], { environment: { HOME: lab.folder, RUNTIME_DIRECTORY: runtimeFolder }, input });
  const findings = async (runtimeFolder: string): Promise<readonly Finding[]> => {
    const { output } = await run(["doctor", "--json", "--registry", host], runtimeFolder);
    return (JSON.parse(output) as readonly Finding[]).filter(({ check }) => check === "larder" || check === "store");
  };

  test(
    "says to log in, and asks as root, or as who has logged in",
    async () => {
      const [, told] = await findings(lab.folder);
      expect(told).toMatchObject({ status: "warn", advice: expect.stringContaining(`larder login ${host}`) });
      const well = expect.objectContaining({ check: "store", status: "ok" });
      expect(await findings(lab.larder.runtimeFolder)).toContainEqual(well);
      const login = ["login", "--plain-http", "-u", "bob", "--password-stdin", host];
      expect((await run(login, lab.folder, passwordOf("bob"))).status).toBe(0);
      expect(await findings(lab.folder)).toContainEqual(well);
    },
    LIMIT_MS,
  );
});
