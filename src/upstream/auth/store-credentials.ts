import { mkdir, open, realpath, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Credentials } from "./credentials.ts";
import {
  type DockerConfig,
  type Environment,
  helperFor,
  keysOf,
  readDockerConfig,
  serverKey,
} from "./docker-config.ts";

/**
 * Keeps credentials for `registry` (a namespace) where the file at `path` says: in the credential helper that it names,
 * else in the file itself. Hands back which: the helper's program, or the path. All else in the file stays.
 */
export async function storeCredentials(
  path: string,
  registry: string,
  credentials: Credentials,
  environment: Environment,
): Promise<string> {
  const config = (await readDockerConfig(path)) ?? {};
  const helper = helperFor(config, registry, environment);
  if (helper !== null) {
    await helper.store(serverKey(registry), credentials);
    return helper.program;
  }
  const auths = { ...withoutKeys(config, registry), [serverKey(registry)]: entryOf(credentials) };
  await replaceFile(path, { ...config, auths });
  return path;
}

/** Forgets what the file at `path`, or the helper that it names, keeps for `registry`. False when it kept nothing. */
export async function eraseCredentials(path: string, registry: string, environment: Environment): Promise<boolean> {
  const config = await readDockerConfig(path);
  if (config === null) return false;
  const helper = helperFor(config, registry, environment);
  const keptByHelper = helper !== null && (await helper.get(serverKey(registry))) !== null;
  if (keptByHelper) await helper.erase(serverKey(registry));
  if (keysOf(config, registry).length === 0) return keptByHelper;
  await replaceFile(path, { ...config, auths: withoutKeys(config, registry) });
  return true;
}

function withoutKeys(config: DockerConfig, registry: string): NonNullable<DockerConfig["auths"]> {
  const keys = keysOf(config, registry);
  return Object.fromEntries(Object.entries(config.auths ?? {}).filter(([key]) => !keys.includes(key)));
}

function entryOf(credentials: Credentials): NonNullable<DockerConfig["auths"]>[string] {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  if (credentials.kind === "password") return { auth: base64(`${credentials.username}:${credentials.password}`) };
  return { auth: base64(`${credentials.username}:`), identitytoken: credentials.token };
}

/** A reader sees the old file or the new one, and nobody else sees either (mode 0600). A symbolic link stays one. */
async function replaceFile(path: string, config: DockerConfig): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.${crypto.randomUUID()}`;
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(config, null, 2)}\n`);
    await handle.sync();
    await handle.close();
    await rename(temporary, target);
  } catch (error) {
    await handle.close().catch(() => {}); // Closed already, perhaps; the first error is the one to tell.
    await rm(temporary, { force: true });
    throw error;
  }
}
