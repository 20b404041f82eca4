import { statSync } from "node:fs";
import { dirname } from "node:path";

/** Who larder is, and whether it is the first process that its system sees: that of a container. */
export type OwnProcess = { readonly user: number; readonly group: number; readonly isContainer: boolean };

/**
 * Says why this process may not write to a folder, and what to do: whose it is, or the folder above it that is there, and how
 * it comes to be larder's. Continues "cannot keep data in FOLDER: …".
 */
export function whyNotWritable(folder: string, own: OwnProcess = ownProcess()): string {
  const owner = ownerOf(folder);
  const since = owner === null || owner === own.user ? "" : `, since it belongs to user ${owner}`;
  const chown = (path: string) => `chown -R ${own.user}:${own.group} ${path}`;
  const cure = own.isContainer
    ? `on the machine, give the folder that is mounted there to that user (${chown("FOLDER")}), or run larder as root, by the tag of its image that ends in -registry`
    : `give it to that user (${chown(folder)})`;
  return `user ${own.user} may not write there${since}; ${cure}`;
}

function ownProcess(): OwnProcess {
  return {
    user: process.geteuid?.() ?? -1,
    group: process.getegid?.() ?? -1,
    isContainer: process.pid === 1,
  };
}

function ownerOf(path: string): number | null {
  try {
    return statSync(path).uid;
  } catch {
    const above = dirname(path);
    return above === path ? null : ownerOf(above);
  }
}
