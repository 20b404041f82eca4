import type { ClientSettings } from "../client-settings.ts";
import { clientConfig, findClientTarget } from "./targets.ts";

/** What a program prints. Throws when it fails. */
export function run(
  command: readonly string[],
  stdin = "",
  environment: Readonly<Record<string, string>> = {},
): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], {
    stdin: Buffer.from(stdin),
    env: { ...process.env, ...environment },
  });
  if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${exitCode}: ${stderr.toString()}`);
  return stdout.toString();
}

/** The content of one of a target's files. */
export function contentOf(name: string, settings: ClientSettings, path: string): string {
  const target = findClientTarget(name);
  const file = target === null ? undefined : clientConfig(target, settings).files.find((file) => file.path === path);
  if (file === undefined) throw new Error(`${name} has no ${path}`);
  return file.content;
}
