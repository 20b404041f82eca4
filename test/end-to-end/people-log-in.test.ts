/** Users and tokens that verbs made log in with the programs that people have, push what they may, and nothing else. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { smallImage } from "../command-line/test-site.ts";
import { LARDER } from "../command-line/run-larder.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { pushImage } from "../conformance/registry-client.ts";
import { findGoProgram, type GoProgramName } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import { type CommandResult, outputOf, runCommand } from "./run-command.ts";

const PASSWORD = "s3cret of bob's";
const LIMIT_MS = 60_000;

let larder: LarderProcess;
let host: string;
let token: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-people-"));
  larder = await startLarder();
  host = larder.url.replace("http://127.0.0.1:", "localhost:");
  await pushImage(larder.url, "first", smallImage(), "1");
  await outputOf([LARDER, "user", "add", "bob", "--password-stdin"], { ...asRoot(), input: `${PASSWORD}\n` });
  const allow = ["--allow", "pull,push:team/**", "--allow", "pull:**"];
  token = (await outputOf([LARDER, "token", "create", "--name", "ci", ...allow], asRoot())).trim();
}, LIMIT_MS);
afterAll(async () => {
  await larder.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Of the user that larder runs as, on its machine: verbs find larder and its secret by themselves. */
const asRoot = () => ({ environment: { HOME: folder, RUNTIME_DIRECTORY: larder.runtimeFolder } });

/** How a program logs in with a password on standard input, and copies an image from one name to another. */
type Client = {
  readonly needs: string;
  /** Does it keep what it is told without asking anybody? */
  readonly trusts?: true;
  readonly login: (program: string, username: string) => readonly string[];
  readonly copy: ((program: string, from: string, to: string) => readonly string[]) | null;
};

const CLIENTS: Readonly<Record<string, Client>> = {
  skopeo: {
    needs: "skopeo",
    login: (program, user) => [program, "login", "--tls-verify=false", "-u", user, "--password-stdin", host],
    copy: (program, from, to) => {
      const flags = ["-q", "--src-tls-verify=false", "--dest-tls-verify=false"];
      return [program, "copy", ...flags, `docker://${from}`, `docker://${to}`];
    },
  },
  podman: {
    needs: "podman",
    login: (program, user) => [program, "login", "--tls-verify=false", "-u", user, "--password-stdin", host],
    copy: null,
  },
  crane: {
    needs: "go:crane",
    trusts: true,
    login: (program, user) => [program, "auth", "login", "-u", user, "--password-stdin", host],
    copy: (program, from, to) => [program, "copy", "--insecure", from, to],
  },
  oras: {
    needs: "go:oras",
    login: (program, user) => [program, "login", "--plain-http", "-u", user, "--password-stdin", host],
    copy: (program, from, to) => [program, "cp", "--from-plain-http", "--to-plain-http", from, to],
  },
  helm: {
    needs: "go:helm",
    login: (program, user) => [program, "registry", "login", "--plain-http", "-u", user, "--password-stdin", host],
    copy: null,
  },
};

for (const [name, { needs, trusts = false, login, copy }] of Object.entries(CLIENTS)) {
  describe.skipIf(!requirement(needs).met)(name, () => {
    const program = () => (needs.startsWith("go:") ? (findGoProgram(needs.slice(3) as GoProgramName) ?? name) : name);
    /** Runs it with credentials of its own, in a folder that is named after who it is. */
    const run = (argv: readonly string[], who: string, input = ""): Promise<CommandResult> => {
      const home = join(folder, name, who);
      const files = { HOME: home, DOCKER_CONFIG: join(home, ".docker"), REGISTRY_AUTH_FILE: join(home, "auth.json") };
      return runCommand(["sh", "-c", 'mkdir -p "$HOME" && exec "$@"', "sh", ...argv], { environment: files, input });
    };

    test(
      "a wrong password is refused at the login, and the right one is taken",
      async () => {
        expect((await run(login(program(), "bob"), "nobody", "wrong")).status === 0).toBe(trusts);
        const logged = await run(login(program(), "bob"), "bob", PASSWORD);
        expect(logged.status, logged.errors).toBe(0);
      },
      LIMIT_MS,
    );

    test(
      "a token is taken as the password of any name",
      async () => {
        const logged = await run(login(program(), "whoever"), "ci", token);
        expect(logged.status, logged.errors).toBe(0);
      },
      LIMIT_MS,
    );

    test.skipIf(copy === null)(
      "who has logged in pushes, a token where it may, and nobody else",
      async () => {
        const push = async (who: string, to: string) =>
          (await run(copy?.(program(), `${host}/first:1`, `${host}/${to}:1`) ?? [], who)).status === 0;
        expect(await push("nobody", `by-nobody/${name}`)).toBe(false);
        expect(await push("bob", `by-bob/${name}`)).toBe(true);
        expect(await push("ci", `team/${name}`)).toBe(true);
        expect(await push("ci", `elsewhere/${name}`)).toBe(false);
      },
      LIMIT_MS,
    );
  });
}

test("the audit log names who pushed, and no secret is in it nor in the log", async () => {
  await pushImage(larder.url, "mine", smallImage(), "1").catch(() => {});
  const log = await outputOf([LARDER, "audit", "--json"], asRoot());
  const entries = JSON.parse(log) as readonly { action: string; subject: string; who: string | null }[];
  for (const { action, subject, who } of entries.filter(({ subject: image }) => image?.startsWith("local/"))) {
    const owner = subject.startsWith("local/team/") ? "token:ci" : subject.startsWith("local/by-bob/") ? "bob" : null;
    expect([action, subject, who]).toEqual(["image-pushed", subject, owner]);
  }
  expect(entries.map(({ action }) => action)).toContain("token-created");
  for (const text of [log, larder.output()]) {
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toContain(token);
  }
});

test("root's verbs go on to work without a password; somebody else's say what to do", async () => {
  const image = join(folder, "image");
  await outputOf([LARDER, "copy", `docker://${host}/first:1`, `oci:${image}:1`, "--src-plain-http"], asRoot());
  await outputOf([LARDER, "upload", `oci:${image}:1`, "--as", "by-root:1"], asRoot());
  await outputOf([LARDER, "rm", "by-root:1"], asRoot());
  await outputOf([LARDER, "gc"], asRoot());
  const other = { environment: { HOME: folder, LARDER_REGISTRY: host, RUNTIME_DIRECTORY: folder } };
  const refused = await runCommand([LARDER, "gc"], other);
  expect(refused.status).toBe(1);
  expect(refused.errors).toContain("larder login -u NAME");
});

test("a user or token that may administer does so from elsewhere, by what a login kept", async () => {
  const made = await outputOf([LARDER, "token", "create", "--name", "admin", "--allow", "*:**"], asRoot());
  const elsewhere = {
    environment: { HOME: join(folder, "elsewhere"), LARDER_REGISTRY: host, RUNTIME_DIRECTORY: folder },
  };
  const login = [LARDER, "login", "--plain-http", "-u", "x", "--password-stdin", host];
  await outputOf(login, { ...elsewhere, input: made });
  expect(await outputOf([LARDER, "user", "ls"], elsewhere)).toContain("bob");
  await outputOf([LARDER, "token", "rm", "admin"], asRoot());
  const refused = await runCommand([LARDER, "user", "ls"], elsewhere);
  expect(refused.errors).toContain("admin was revoked on");
});

test("who is removed is nobody at once, whatever was kept of a login", async () => {
  const ask = () =>
    fetch(`${larder.url}/v2/`, { headers: { Authorization: `Basic ${btoa("ann:pw-of-ann")}` } }).then(
      ({ status }) => status,
    );
  await outputOf([LARDER, "user", "add", "ann", "--password-stdin"], { ...asRoot(), input: "pw-of-ann" });
  expect(await ask()).toBe(200);
  await outputOf([LARDER, "user", "passwd", "ann", "--password-stdin"], { ...asRoot(), input: "another" });
  expect(await ask()).toBe(401);
  await outputOf([LARDER, "user", "passwd", "ann", "--password-stdin"], { ...asRoot(), input: "pw-of-ann" });
  expect(await ask()).toBe(200);
  await outputOf([LARDER, "user", "rm", "ann"], asRoot());
  expect(await ask()).toBe(401);
});

test(
  "a larder that is killed is no other's administrator, and its users are there when it comes again",
  async () => {
    const first = await startLarder({ dataFolder: join(folder, "killed") });
    const verb = (of: LarderProcess, ...argv: readonly string[]) =>
      runCommand([LARDER, ...argv], {
        environment: { HOME: folder, RUNTIME_DIRECTORY: of.runtimeFolder },
        input: "secret",
      });
    expect((await verb(first, "user", "add", "carol", "--password-stdin")).status).toBe(0);
    await first.kill();
    const second = await startLarder({ dataFolder: join(folder, "killed") });
    expect((await verb(second, "user", "ls")).output).toContain("carol");
    const left = await outputOf(["ls", second.runtimeFolder]);
    expect(left.match(/administrator-/g)).toHaveLength(1);
    await second.stop();
    await rm(join(folder, "killed"), { recursive: true });
  },
  LIMIT_MS,
);
