import type { Namespace } from "../../oci/repository-name.ts";
import { parseStandInFile, tryParseStandIn } from "../../registry/names/stand-ins.ts";
import { readSettingFile } from "./read-setting-file.ts";

/**
 * Reads a setting that names a registry's host, or a file of hosts: a value that exists as a file, or looks like a
 * path, is a file. Throws an Error that names the problem.
 */
export async function readStandIns(text: string): Promise<readonly Namespace[]> {
  const isFile = text.includes("/") || (await Bun.file(text).exists());
  if (isFile) return parseStandInFile(await readSettingFile(text));
  const namespace = tryParseStandIn(text);
  if (namespace === null) throw new Error("neither a registry's host nor a file");
  return [namespace];
}
