import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentialFiles, dockerConfigCredentials } from "./docker-config.ts";
import { eraseCredentials, storeCredentials } from "./store-credentials.ts";
import { UpstreamError } from "../transport/upstream-error.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const password = (username: string, secret: string) => ({ kind: "password", username, password: secret }) as const;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-docker-config-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function configFile(content: unknown): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}.json`);
  await Bun.write(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

/** A real helper program that keeps what it is given in a folder of its own; and the environment that finds it. */
async function helperProgram(name: string, script: string): Promise<{ PATH: string; STORE: string }> {
  const bin = join(folder, crypto.randomUUID());
  await mkdir(join(bin, "store"), { recursive: true });
  await Bun.write(join(bin, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, `docker-credential-${name}`), 0o755);
  return { PATH: `${bin}:/usr/bin:/bin`, STORE: join(bin, "store") };
}
const KEEPER = `
case $1 in
  store) json=$(cat); name=$(printf %s "$json" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/' | tr / _); printf %s "$json" > "$STORE/$name" ;;
  get) name=$(tr / _); cat "$STORE/$name" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; } ;;
  erase) name=$(tr / _); rm "$STORE/$name" ;;
esac`;

async function failureOf(promise: Promise<unknown>): Promise<UpstreamError> {
  const error = await promise.then(
    () => null,
    (cause) => cause,
  );
  expect(error).toBeInstanceOf(UpstreamError);
  expect((error as UpstreamError).failure.kind).toBe("credentials");
  return error as UpstreamError;
}

describe("a Docker configuration", () => {
  test("gives Docker Hub's credentials under its old key, and no others", async () => {
    const path = await configFile({ auths: { "https://index.docker.io/v1/": { auth: base64("me:a:b") } } });
    const source = dockerConfigCredentials(path, {});
    expect(await source.find("docker.io", "library/nginx")).toEqual(password("me", "a:b"));
    expect(await source.find("quay.io", null)).toBeNull();
  });

  test("gives those of the longest path that a repository lies below", async () => {
    const auths = {
      "quay.io": { auth: base64("host:1") },
      "quay.io/team": { auth: base64("team:2") },
      "quay.io/team/app": { username: "app", password: "3" },
    };
    const source = dockerConfigCredentials(await configFile({ auths }), {});
    expect(await source.find("quay.io", "team/app")).toEqual(password("app", "3"));
    expect(await source.find("quay.io", "team/other")).toEqual(password("team", "2"));
    expect(await source.find("quay.io", "teamwork/app")).toEqual(password("host", "1"));
    expect(await source.find("quay.io", null)).toEqual(password("host", "1"));
  });

  test("gives identity tokens with their user name", async () => {
    const auths = { "r.azurecr.io": { auth: base64("0000:"), identitytoken: "refresh" } };
    const source = dockerConfigCredentials(await configFile({ auths }), {});
    expect(await source.find("r.azurecr.io", null)).toEqual({
      kind: "identity-token",
      username: "0000",
      token: "refresh",
    });
  });

  test("is empty when it is not there, or has nothing but empty entries", async () => {
    expect(await dockerConfigCredentials(join(folder, "none.json"), {}).find("quay.io", null)).toBeNull();
    const path = await configFile({ auths: { "quay.io": {}, "ghcr.io": { auth: base64(":") } } });
    expect(await dockerConfigCredentials(path, {}).find("quay.io", null)).toBeNull();
    expect(await dockerConfigCredentials(path, {}).find("ghcr.io", null)).toBeNull();
  });

  test("is an error when it cannot be read, and its message holds nothing of it", async () => {
    const error = await failureOf(dockerConfigCredentials(await configFile("{hunter2"), {}).find("quay.io", null));
    expect(error.message).not.toContain("hunter2");
  });

  test("asks the helper that it names for a host, and the common one for all others", async () => {
    const environment = await helperProgram(
      "gcloud",
      `read -r server; echo "{\\"Username\\":\\"_json\\",\\"Secret\\":\\"for $server\\"}"`,
    );
    const helpers = { credHelpers: { "gcr.io": "gcloud" }, auths: { "quay.io": { auth: base64("a:b") } } };
    const source = dockerConfigCredentials(await configFile(helpers), environment);
    expect(await source.find("gcr.io", "x")).toEqual(password("_json", "for gcr.io"));
    expect(await source.find("quay.io", "x")).toEqual(password("a", "b"));
    const common = dockerConfigCredentials(await configFile({ credsStore: "gcloud" }), environment);
    expect(await common.find("docker.io", "x")).toEqual(password("_json", "for https://index.docker.io/v1/"));
  });

  test("does not believe a helper that is missing, fails, babbles or has a path for a name", async () => {
    const broken = await helperProgram("broken", "echo secret; exit 3");
    const babbling = await helperProgram("babbling", "exec yes secret");
    for (const [credsStore, environment] of [
      ["absent", broken],
      ["broken", broken],
      ["babbling", babbling],
      ["../../bin/sh", broken],
    ] as const) {
      const source = dockerConfigCredentials(await configFile({ credsStore }), environment);
      expect((await failureOf(source.find("quay.io", null))).message).not.toContain("secret");
    }
  });
});

describe("logging in and out", () => {
  test("writes the entry that is read back, keeps everything else, and lets nobody else read it", async () => {
    const path = await configFile({
      auths: { "quay.io": { auth: base64("a:b"), email: "x" } },
      HttpHeaders: { A: "1" },
    });
    await chmod(path, 0o644);
    expect(await storeCredentials(path, "docker.io", password("me", "é:ü"), {})).toBe(path);
    expect(await dockerConfigCredentials(path, {}).find("docker.io", null)).toEqual(password("me", "é:ü"));
    expect(await Bun.file(path).json()).toMatchObject({
      auths: { "quay.io": { email: "x" } },
      HttpHeaders: { A: "1" },
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await eraseCredentials(path, "docker.io", {})).toBe(true);
    expect(await eraseCredentials(path, "docker.io", {})).toBe(false);
    expect(Object.keys((await Bun.file(path).json()).auths)).toEqual(["quay.io"]);
  });

  test("makes the file and its folder, follows a symbolic link, and leaves no other file behind", async () => {
    const home = join(folder, crypto.randomUUID());
    const path = join(home, ".docker", "config.json");
    const token = { kind: "identity-token", username: "<token>", token: "t" } as const;
    await storeCredentials(path, "quay.io", token, {});
    expect(await dockerConfigCredentials(path, {}).find("quay.io", null)).toEqual(token);
    await symlink(path, join(home, "link.json"));
    await storeCredentials(join(home, "link.json"), "ghcr.io", password("a", "b"), {});
    expect((await lstat(join(home, "link.json"))).isSymbolicLink()).toBe(true);
    expect(await dockerConfigCredentials(path, {}).find("ghcr.io", null)).toEqual(password("a", "b"));
    expect(await readdir(join(home, ".docker"))).toEqual(["config.json"]);
  });

  test("goes through the helper that the file names", async () => {
    const environment = await helperProgram("keeper", KEEPER);
    const path = await configFile({ credsStore: "keeper" });
    expect(await dockerConfigCredentials(path, environment).find("quay.io", null)).toBeNull();
    expect(await storeCredentials(path, "quay.io", password("me", "pw"), environment)).toBe("docker-credential-keeper");
    expect(await dockerConfigCredentials(path, environment).find("quay.io", null)).toEqual(password("me", "pw"));
    expect(await Bun.file(path).json()).toEqual({ credsStore: "keeper" });
    expect(await eraseCredentials(path, "quay.io", environment)).toBe(true);
    expect(await eraseCredentials(path, "quay.io", environment)).toBe(false);
  });
});

describe("where credentials are looked for", () => {
  test("REGISTRY_AUTH_FILE alone, else Podman's files and then Docker's", () => {
    expect(credentialFiles({ REGISTRY_AUTH_FILE: "/a.json", HOME: "/h" })).toEqual(["/a.json"]);
    expect(credentialFiles({ HOME: "/h", XDG_RUNTIME_DIR: "/run/1" })).toEqual([
      "/run/1/containers/auth.json",
      "/h/.config/containers/auth.json",
      "/h/.docker/config.json",
    ]);
    expect(credentialFiles({ HOME: "/h", DOCKER_CONFIG: "/d", XDG_CONFIG_HOME: "/c" })).toEqual([
      "/c/containers/auth.json",
      "/d/config.json",
    ]);
    expect(credentialFiles({})).toEqual([]);
  });
});
