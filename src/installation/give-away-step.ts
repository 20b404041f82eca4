import { lchown, lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { AccountIds } from "./account.ts";
import { type Machine, pathOn } from "./machine.ts";
import type { Step } from "./perform-steps.ts";

/** Gives a data folder with all that is in it to larder's account: it was another user's, who ran larder by hand. */
export function giveAwayStep(machine: Machine, folder: string, owner: () => Promise<AccountIds>): Step {
  return {
    what: `give ${folder} to larder's account`,
    perform: async () => {
      const path = pathOn(machine, folder);
      const { uid, gid } = await lstat(path);
      await giveAll(path, await owner());
      return () => giveAll(path, { uid, gid });
    },
  };
}

/** Links are given themselves, and not followed. */
async function giveAll(path: string, ids: AccountIds): Promise<void> {
  await lchown(path, ids.uid, ids.gid);
  if (!(await lstat(path)).isDirectory()) return;
  for (const name of await readdir(path)) await giveAll(join(path, name), ids);
}
