/** Steps that write, copy and remove files of a machine. */
import { chmod, chown, copyFile, lstat, mkdir, open, readFile, rename, rm, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import { nullIfAbsent } from "../lib/files/system-error.ts";
import { syncFolder } from "../lib/files/sync-folder.ts";
import { InstallationError, type Machine, pathOn } from "./machine.ts";
import type { Step } from "./perform-steps.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/** Whose a file is, and who may read it. `owner` tells the numbers when the step is performed: the account may be new. */
export type Access = {
  readonly mode: number;
  readonly owner?: () => Promise<{ readonly uid: number; readonly gid: number }>;
};

/** Writes a text file whole or not at all, over what is there. What was there comes back when it is undone. */
export function writeStep(machine: Machine, path: string, content: string, access: Access): Step {
  return {
    what: `write ${path}`,
    perform: () =>
      explained(`cannot write ${path}`, async () => {
        const target = pathOn(machine, path);
        const before = await readFile(target).catch(nullIfAbsent);
        const made = await makeFolders(dirname(target));
        await replaceFile(target, Buffer.from(content), access);
        return async () => {
          if (before === null) await rm(target, { force: true });
          else await replaceFile(target, before, access);
          await made();
        };
      }),
  };
}

/** Makes a folder with this access unless it is there; one that is there is left as it is. */
export function folderStep(machine: Machine, path: string, access: Access): Step {
  return {
    what: `make ${path}`,
    perform: () =>
      explained(`cannot make ${path}`, async () => {
        const target = pathOn(machine, path);
        if ((await lstat(target).catch(nullIfAbsent)) !== null) return null;
        const made = await makeFolders(target);
        await give(target, access);
        return made;
      }),
  };
}

/** Puts a program in its place by a rename, so that one that runs goes on; `PATH.old` keeps what was there until it is removed. */
export function programStep(machine: Machine, from: string, path: string): Step {
  return {
    what: `copy this program to ${path}`,
    perform: () =>
      explained(`cannot write ${path}`, async () => {
        const target = pathOn(machine, path);
        const made = await makeFolders(dirname(target));
        const [fresh, old] = [`${target}.new`, oldOf(target)];
        try {
          await copyFile(from, fresh);
          await chmod(fresh, 0o755);
          await synced(fresh);
        } catch (error) {
          await rm(fresh, { force: true });
          await made();
          throw error;
        }
        const hadOne = (await lstat(target).catch(nullIfAbsent)) !== null;
        if (hadOne) await rename(target, old);
        await rename(fresh, target);
        await syncFolder(dirname(target));
        return async () => {
          if (hadOne) await rename(old, target);
          else await rm(target, { force: true });
          await made();
        };
      }),
  };
}

/** Where the program waits that was replaced, until the new one has answered. */
export function oldOf(path: string): string {
  return `${path}.old`;
}

/** A symbolic link that starts a service with the machine. */
export function linkStep(machine: Machine, path: string, to: string): Step {
  return {
    what: `link ${path} to ${to}`,
    perform: () =>
      explained(`cannot link ${path}`, async () => {
        const target = pathOn(machine, path);
        if ((await lstat(target).catch(nullIfAbsent)) !== null) return null;
        const made = await makeFolders(dirname(target));
        await symlink(to, target);
        return async () => {
          await rm(target, { force: true });
          await made();
        };
      }),
  };
}

/** Takes away files and folders, with all that is in them; what is not there is passed over. */
export function removeStep(machine: Machine, paths: readonly string[]): Step {
  return {
    what: `remove ${paths.join(" ")}`,
    perform: async () => {
      for (const path of paths) {
        await explained(`cannot remove ${path}`, () => rm(pathOn(machine, path), { recursive: true, force: true }));
      }
      return null;
    },
  };
}

/** Is there anything at this path? */
export async function exists(machine: Machine, path: string): Promise<boolean> {
  return (await lstat(pathOn(machine, path)).catch(nullIfAbsent)) !== null;
}

/** The text of a file of the machine's; null when there is none. */
export async function readText(machine: Machine, path: string): Promise<string | null> {
  return readFile(pathOn(machine, path), "utf8").catch(nullIfAbsent);
}

async function replaceFile(target: string, content: Uint8Array, access: Access): Promise<void> {
  const draft = `${target}.new`;
  try {
    const file = await open(draft, "w", 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    await give(draft, access);
    await synced(draft);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(target));
}

async function give(path: string, { mode, owner }: Access): Promise<void> {
  await chmod(path, mode);
  if (owner === undefined) return;
  const { uid, gid } = await owner();
  await chown(path, uid, gid);
}

async function synced(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Makes the folders that are missing, readable for all; what comes back takes those away again, with what a larder that did not come
 * up has left in them.
 */
async function makeFolders(path: string): Promise<() => Promise<void>> {
  const first = await mkdir(path, { recursive: true, mode: 0o755 });
  return async () => {
    if (first !== undefined) await rm(first, { recursive: true, force: true });
  };
}

async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new InstallationError(`${what}: ${describeFailure(cause)}`, { cause });
  }
}
