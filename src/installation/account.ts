/** The account that larder runs as: looked up, made and taken away in the machine's own files or by its own programs. */
import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { sysusersFile } from "./account-files.ts";
import { exists, readText } from "./file-steps.ts";
import { InstallationError, type Machine, mustRun, pathOn } from "./machine.ts";
import type { Step } from "./perform-steps.ts";
import { ACCOUNT, DATA_FOLDER } from "./places.ts";

/** The numbers of an account. */
export type AccountIds = { readonly uid: number; readonly gid: number };

/** The numbers of larder's account by the machine's own files; null when there is none. */
export async function findAccount(machine: Machine): Promise<AccountIds | null> {
  const [, , uid, gid] = await entryOf(machine, "/etc/passwd");
  const [, , group] = await entryOf(machine, "/etc/group");
  if (uid === undefined || gid === undefined) return null;
  return { uid: Number(uid), gid: Number(group ?? gid) };
}

/** The same for one that has to be there. Throws an InstallationError. */
export async function accountOf(machine: Machine): Promise<AccountIds> {
  const ids = await findAccount(machine);
  if (ids === null) throw new InstallationError(`the account ${ACCOUNT} is not in /etc/passwd though it was made`);
  return ids;
}

/** Makes the account and its group. */
export function accountStep(machine: Machine): Step {
  return {
    what: `make the account ${ACCOUNT}`,
    perform: async () => {
      if (!machine.isRunning) return makeInFiles(machine);
      await makeByProgram(machine);
      return () => removeAccount(machine);
    },
  };
}

/** Takes the account away. */
export function removeAccountStep(machine: Machine): Step {
  return {
    what: `remove the account ${ACCOUNT}`,
    perform: async () => {
      await removeAccount(machine);
      return null;
    },
  };
}

async function makeByProgram(machine: Machine): Promise<void> {
  // systemd's own, given the line that packages ship as a file.
  const made = await machine.run(["systemd-sysusers", "--inline", sysusersFile().trim()]);
  if (made?.status === 0 && (await findAccount(machine)) !== null) return;
  const shell = (await exists(machine, "/usr/sbin/nologin")) ? "/usr/sbin/nologin" : "/sbin/nologin";
  const describing = ["--system", "--user-group", "--no-create-home", "--home-dir", DATA_FOLDER, "--shell", shell];
  const added = await machine.run(["useradd", ...describing, "--comment", "larder registry", ACCOUNT]);
  if (added?.status === 0) return;
  // BusyBox.
  if ((await entryOf(machine, "/etc/group")).length === 0) await mustRun(machine, ["addgroup", "-S", ACCOUNT]);
  const words = ["-S", "-D", "-H", "-h", DATA_FOLDER, "-s", shell, "-G", ACCOUNT, "-g", "larder registry", ACCOUNT];
  await mustRun(machine, ["adduser", ...words]);
}

async function removeAccount(machine: Machine): Promise<void> {
  if ((await findAccount(machine)) !== null && (await machine.run(["userdel", ACCOUNT]))?.status !== 0) {
    await mustRun(machine, ["deluser", ACCOUNT]);
  }
  if ((await entryOf(machine, "/etc/group")).length === 0) return;
  if ((await machine.run(["groupdel", ACCOUNT]))?.status !== 0) await machine.run(["delgroup", ACCOUNT]);
}

const FILES = ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"] as const;

/** In the files of an image that is being built, whose own programs may be another processor's. What comes back takes it back. */
async function makeInFiles(machine: Machine): Promise<() => Promise<void>> {
  const before = await Promise.all(FILES.map(async (file) => [file, await readText(machine, file)] as const));
  const taken = new Set<number>();
  for (const file of ["/etc/passwd", "/etc/group"]) {
    for (const line of linesOf(await readText(machine, file))) taken.add(Number(line.split(":")[2]));
  }
  let id = 999;
  while (taken.has(id) && id > 100) id--;
  const shell = (await exists(machine, "/usr/sbin/nologin")) ? "/usr/sbin/nologin" : "/sbin/nologin";
  if ((await entryOf(machine, "/etc/group")).length === 0) await add(machine, "/etc/group", `${ACCOUNT}:x:${id}:`);
  const gid = (await entryOf(machine, "/etc/group"))[2] ?? String(id);
  await add(machine, "/etc/passwd", `${ACCOUNT}:x:${id}:${gid}:larder registry:${DATA_FOLDER}:${shell}`);
  if (await exists(machine, "/etc/shadow")) await add(machine, "/etc/shadow", `${ACCOUNT}:!:::::::`);
  if (await exists(machine, "/etc/gshadow")) await add(machine, "/etc/gshadow", `${ACCOUNT}:!::`);
  return async () => {
    for (const [file, text] of before) {
      if (text === null) await rm(pathOn(machine, file), { force: true });
      else await writeFile(pathOn(machine, file), text);
    }
  };
}

async function add(machine: Machine, file: string, line: string): Promise<void> {
  const path = pathOn(machine, file);
  await mkdir(dirname(path), { recursive: true });
  const before = await readFile(path, "utf8").catch(() => "");
  await appendFile(path, `${before === "" || before.endsWith("\n") ? "" : "\n"}${line}\n`);
}

/** The columns of the line of larder's account; empty when there is none. */
async function entryOf(machine: Machine, file: string): Promise<readonly string[]> {
  const line = linesOf(await readText(machine, file)).find((one) => one.startsWith(`${ACCOUNT}:`));
  return line?.split(":") ?? [];
}

function linesOf(text: string | null): readonly string[] {
  return (text ?? "").split("\n").filter((line) => line !== "");
}
