/** What the token server gave ends with what it was given for: a password, a token, a user; whatever comes in their place. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LARDER } from "../command-line/run-larder.ts";
import { isForeignRegistry } from "../conformance/registry-under-test.ts";
import { send } from "../conformance/registry-client.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { until } from "../until.ts";
import { basicOf, GuardedLarder, htpasswdOf } from "./guarded-larder.ts";

describe.skipIf(isForeignRegistry)("a session", () => {
  let lab: GuardedLarder;
  beforeAll(async () => {
    lab = await GuardedLarder.start(["htbob"], null);
  }, 60_000);
  afterAll(() => lab.stop());

  const verb = (argv: readonly string[], input = "") =>
    outputOf([LARDER, ...argv], {
      environment: { HOME: lab.folder, RUNTIME_DIRECTORY: lab.larder.runtimeFolder },
      input,
    });
  const sessionOf = async (authorization: string): Promise<string> => {
    const url = `${lab.larder.url}/token?service=larder&scope=repository:team/app:pull,push`;
    const { status, text } = await send("GET", url, { headers: { Authorization: authorization } });
    expect(status, text).toBe(200);
    return JSON.parse(text).token;
  };
  const push = async (session: string): Promise<number> => {
    const headers = { Authorization: `Bearer ${session}` };
    return (await send("POST", `${lab.larder.url}/v2/team/app/blobs/uploads/`, { headers })).status;
  };

  test("of a user ends with the password, and with the user, though another one comes", async () => {
    await verb(["user", "add", "bob", "--password-stdin"], "one");
    const first = await sessionOf(basicOf("bob", "one"));
    expect(await push(first)).toBe(202);
    await verb(["user", "passwd", "bob", "--password-stdin"], "two");
    expect(await push(first)).toBe(401);
    const second = await sessionOf(basicOf("bob", "two"));
    expect(await push(second)).toBe(202);
    await verb(["user", "rm", "bob"]);
    expect(await push(second)).toBe(401);
    await verb(["user", "add", "bob", "--password-stdin"], "two");
    expect([await push(first), await push(second)]).toEqual([401, 401]);
  });

  test("of a token ends with it, though another one has its name", async () => {
    const create = () => verb(["token", "create", "--name", "ci", "--allow", "*:**"]);
    const session = await sessionOf(basicOf("x", (await create()).trim()));
    expect(await push(session)).toBe(202);
    await verb(["token", "rm", "ci"]);
    expect(await push(session)).toBe(401);
    await create();
    expect(await push(session)).toBe(401);
  });

  test("of the htpasswd file ends with its line, though a user of larder's own has that name", async () => {
    const file = join(lab.folder, "htpasswd");
    const session = await sessionOf(basicOf("htbob"));
    expect(await push(session)).toBe(202);
    await verb(["user", "add", "htbob", "--password-stdin"], "own");
    expect(await push(session)).toBe(401);
    await verb(["user", "rm", "htbob"]);
    await writeFile(`${file}.new`, await htpasswdOf("htbob"));
    await rename(`${file}.new`, file);
    await until("the session counts no more", async () => (await push(session)) === 401);
  });
});
