/** What Helm on this machine knows of chart repositories. Source: Helm v3.18, `helm env`, repositories.yaml. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { basicHeader } from "../../upstream/auth/credentials.ts";
import type { Environment } from "../../upstream/auth/docker-config.ts";

/** A repository that `helm repo add` added. */
export type HelmRepository = {
  readonly name: string;
  readonly url: string;
  /** The value of an `Authorization` header, null without a user name. */
  readonly authorization: string | null;
  /** Certificate authorities that are trusted besides the public ones, in PEM; null: none. */
  readonly caPem: string | null;
};

/** The repositories of this machine's Helm; none when it has no file of them, or one that cannot be read. */
export async function helmRepositories(environment: Environment): Promise<readonly HelmRepository[]> {
  const folder = helmFolder(environment);
  const file = environment["HELM_REPOSITORY_CONFIG"] || (folder === null ? null : join(folder, "repositories.yaml"));
  if (file === null) return [];
  try {
    const { repositories } = Bun.YAML.parse(await readFile(file, "utf8")) as { repositories?: unknown };
    return await Promise.all((Array.isArray(repositories) ? (repositories as unknown[]) : []).map(toRepository));
  } catch {
    // Without it repositories are asked as anybody may ask them.
    return [];
  }
}

/** Where Helm keeps the credentials of OCI registries; null when this user has no home. */
export function helmRegistryConfig(environment: Environment): string | null {
  const folder = helmFolder(environment);
  return environment["HELM_REGISTRY_CONFIG"] || (folder === null ? null : join(folder, "registry", "config.json"));
}

function helmFolder({ HELM_CONFIG_HOME: own, XDG_CONFIG_HOME: config, HOME: home }: Environment): string | null {
  if (own) return own;
  if (config) return join(config, "helm");
  return home ? join(home, ".config", "helm") : null;
}

async function toRepository(entry: unknown): Promise<HelmRepository> {
  const fields = (entry ?? {}) as Record<string, unknown>;
  const text = (key: string) => (typeof fields[key] === "string" ? fields[key] : "");
  const caFile = text("caFile");
  return {
    name: text("name"),
    url: text("url"),
    authorization: text("username") === "" ? null : basicHeader(text("username"), text("password")),
    caPem: caFile === "" ? null : await readFile(caFile, "utf8").catch(() => null),
  };
}
