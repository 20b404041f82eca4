import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { readSettingFile } from "../settings/read-setting-file.ts";
import { applyVariables, PATH_VARIABLE } from "./apply-variables.ts";
import type { ConfigMap } from "./config-node.ts";
import { ConfigSyntaxError, parseConfig } from "./parse-config.ts";
import { translateConfig, type Translation } from "./translate-config.ts";
import { walkConfig } from "./walk-config.ts";

/** What config.yml and the variables say, and variables with registry:2's prefix that are nobody's. */
export type Distribution = Translation & { readonly strangers: readonly string[] };

/**
 * Reads registry:2's config.yml, null: there is none (but what `REGISTRY_CONFIGURATION_PATH` says), with its variables on top.
 * Adds all that is wrong, and all that cannot be honoured, to `problems`, each with its place.
 */
export async function readDistribution(
  path: string | null,
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): Promise<Distribution> {
  const file = path ?? (environment[PATH_VARIABLE] || null);
  const base = file === null ? null : await readFile(file, problems);
  const { root, problems: ofVariables, strangers } = applyVariables(base, environment);
  problems.push(...ofVariables);
  return { ...translateConfig(walkConfig(root, problems), problems), strangers };
}

async function readFile(path: string, problems: string[]): Promise<ConfigMap | null> {
  try {
    const root = parseConfig(await readSettingFile(path), (line) => ({ kind: "file", path, line }));
    if (root === null) problems.push(`${path}: it says nothing; begin it with version: 0.1`);
    else if (root.kind !== "map") problems.push(`${path}:1: the file must be a list of keys and values`);
    else if (!root.entries.has("version")) {
      problems.push(`${path}:1: version is missing; begin the file with version: 0.1`);
    }
    return root?.kind === "map" ? root : null;
  } catch (error) {
    const line = error instanceof ConfigSyntaxError ? `${path}:${error.atLine}: ` : "";
    problems.push(`${line}${describeFailure(error)}`);
    return null;
  }
}
