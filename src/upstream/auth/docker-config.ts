/**
 * The files in which Docker, Podman and their like keep credentials:
 *
 *     { "auths": { "https://index.docker.io/v1/": { "auth": "<base64 of user:password>" },
 *                  "registry.corp.example/team": { "auth": "…", "identitytoken": "…" } },
 *       "credHelpers": { "gcr.io": "gcloud" },
 *       "credsStore": "secretservice" }
 *
 * Keys are hosts, URLs (Docker's older form), or hosts with the beginning of a repository's path (Podman's).
 *
 * Sources: docker/cli v28, cli/config/configfile; containers-auth.json(5).
 */
import { join } from "node:path";
import * as v from "valibot";
import { CredentialHelper, credentialsOf } from "./credential-helper.ts";
import type { Credentials, CredentialSource } from "./credentials.ts";
import { UpstreamError } from "../transport/upstream-error.ts";
import { isAbsent } from "../../lib/files/system-error.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** Environment variables by their names. */
export type Environment = Readonly<Record<string, string | undefined>>;

const FILE_BYTES = 4 * 1024 * 1024;
/** The key that Docker Hub goes by in all of these files and helpers. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";
const DOCKER_HUB_HOSTS = ["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

const entry = v.looseObject({
  auth: v.nullish(v.string()),
  username: v.nullish(v.string()),
  password: v.nullish(v.string()),
  identitytoken: v.nullish(v.string()),
});
const file = v.looseObject({
  auths: v.nullish(v.record(v.string(), v.nullish(entry))),
  credHelpers: v.nullish(v.record(v.string(), v.string())),
  credsStore: v.nullish(v.string()),
});
/** Such a file; keys that larder does not know are kept. */
export type DockerConfig = v.InferOutput<typeof file>;
type Entry = v.InferOutput<typeof entry>;

/**
 * The files to look into, in this order: `REGISTRY_AUTH_FILE` alone when it is set; else Podman's of the session and of
 * the user, then Docker's.
 */
export function credentialFiles(environment: Environment): readonly string[] {
  if (environment["REGISTRY_AUTH_FILE"]) return [environment["REGISTRY_AUTH_FILE"]];
  const { HOME: home, XDG_RUNTIME_DIR: runtime, XDG_CONFIG_HOME: config, DOCKER_CONFIG: docker } = environment;
  const configHome = config || (home ? join(home, ".config") : null);
  const dockerHome = docker || (home ? join(home, ".docker") : null);
  return [
    runtime ? join(runtime, "containers", "auth.json") : null,
    configHome === null ? null : join(configHome, "containers", "auth.json"),
    dockerHome === null ? null : join(dockerHome, "config.json"),
  ].filter((path) => path !== null);
}

/** The credentials that the file at `path` has or names a helper for. It is read anew each time; none is no error. */
export function dockerConfigCredentials(path: string, environment: Environment): CredentialSource {
  return {
    async find(registry, repository) {
      const config = await readDockerConfig(path);
      if (config === null) return null;
      const helper = helperFor(config, registry, environment);
      const kept = helper === null ? null : await helper.get(serverKey(registry));
      return kept ?? findEntry(config, registry, repository);
    },
  };
}

/** The file at `path`; null when there is none. Throws a `credentials` failure when it is not of this kind. */
export async function readDockerConfig(path: string): Promise<DockerConfig | null> {
  const content = Bun.file(path);
  try {
    if (content.size > FILE_BYTES) throw new Error(`it is larger than ${FILE_BYTES} bytes`);
    return v.parse(file, JSON.parse((await content.text()).trim() || "{}"));
  } catch (cause) {
    if (isAbsent(cause)) return null;
    // A parser's message may quote the file, and with it a secret.
    throw new UpstreamError(
      { kind: "credentials" },
      `the credentials in ${path} cannot be read: ${describeFailure(cause)}`,
    );
  }
}

/** The program that keeps the credentials of `registry`; null when the file keeps them itself. */
export function helperFor(config: DockerConfig, registry: string, environment: Environment): CredentialHelper | null {
  const hosts = DOCKER_HUB_HOSTS.includes(registry) ? [DOCKER_HUB_KEY, ...DOCKER_HUB_HOSTS] : [registry];
  const own = hosts.map((host) => config.credHelpers?.[host]).find((name) => name !== undefined);
  const name = own ?? config.credsStore;
  return name ? new CredentialHelper(name, environment) : null;
}

/** The name that `registry` goes by when something is kept for it: its host; Docker Hub has an old URL. */
export function serverKey(registry: string): string {
  return DOCKER_HUB_HOSTS.includes(registry) ? DOCKER_HUB_KEY : registry;
}

/** The keys of `auths` that are about `registry` as a whole. */
export function keysOf(config: DockerConfig, registry: string): readonly string[] {
  const names = DOCKER_HUB_HOSTS.includes(registry) ? DOCKER_HUB_HOSTS : [registry];
  return Object.keys(config.auths ?? {}).filter((key) => names.includes(normalKey(key)));
}

function findEntry(config: DockerConfig, registry: string, repository: string | null): Credentials | null {
  const names = DOCKER_HUB_HOSTS.includes(registry) ? DOCKER_HUB_HOSTS : [registry];
  const components = repository?.split("/") ?? [];
  // The longest key that the repository lies below wins; the bare host comes last.
  for (let length = components.length; length >= 0; length -= 1) {
    const suffix = components
      .slice(0, length)
      .map((component) => `/${component}`)
      .join("");
    for (const [key, value] of Object.entries(config.auths ?? {})) {
      const found = value && names.some((name) => normalKey(key) === name + suffix) ? fromEntry(value) : null;
      if (found !== null) return found;
    }
  }
  return null;
}

/** A URL counts as its host, whatever its path: that is `/v1/` or `/v2/`. */
function normalKey(key: string): string {
  const url = /^https?:\/\/([^/]+)/i.exec(key)?.[1];
  return (url ?? key.replace(/\/+$/, "")).toLowerCase();
}

function fromEntry(value: Entry): Credentials | null {
  const decoded = value.auth ? Buffer.from(value.auth, "base64").toString("utf8").replace(/\0+$/, "") : "";
  const colon = decoded.indexOf(":");
  const username = colon < 0 ? (value.username ?? "") : decoded.slice(0, colon);
  const password = colon < 0 ? (value.password ?? "") : decoded.slice(colon + 1);
  if (value.identitytoken) {
    return { kind: "identity-token", username: username || "<token>", token: value.identitytoken };
  }
  return credentialsOf(username, password);
}
