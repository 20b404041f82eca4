/** A file system over a folder, some of whose files fail as those of a failing disk do (`failing-disk.c`). */
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../debian-packages.ts";
import { type Requirement, requirement, unmet } from "../requirement.ts";
import { until } from "../until.ts";

const SOURCE = join(import.meta.dir, "failing-disk.c");
/** Numbers of errors, errno(3). */
const NUMBERS = { EIO: 5, ENOSPC: 28, EROFS: 30 } as const;

/** What is to fail, and how: for files with `part` in their paths, or for one file that is there now. */
export type Failing = {
  readonly operation: "read" | "write" | "sync";
  readonly code: keyof typeof NUMBERS;
  readonly part: string;
};

/** Can such a file system be made here? */
export function failingDiskRequirement(): Requirement {
  const needs = requirement("root", "gcc", "pkg-config", "umount");
  if (!needs.met) return needs;
  if (!Bun.spawnSync(["test", "-c", "/dev/fuse"]).success) return unmet("there is no /dev/fuse");
  const { success } = Bun.spawnSync(["pkg-config", "--exists", "fuse3"]);
  return success ? needs : unmet("FUSE's headers are not installed (Debian: libfuse3-dev)");
}

export class FailingDisk {
  readonly #folder: string;
  readonly #process: Bun.Subprocess;

  private constructor(folder: string, process: Bun.Subprocess) {
    this.#folder = folder;
    this.#process = process;
  }

  static async mount(): Promise<FailingDisk> {
    const folder = await mkdtemp(join(tmpdir(), "larder-failing-disk-"));
    for (const name of ["below", "disk"]) await mkdir(join(folder, name));
    await writeFile(join(folder, "control"), "");
    const flags = Bun.spawnSync(["pkg-config", "--cflags", "--libs", "fuse3"]).stdout.toString().trim().split(/\s+/);
    run("gcc", "-O1", "-o", join(folder, "program"), SOURCE, ...flags);
    const argv = [join(folder, "program"), join(folder, "below"), join(folder, "control"), join(folder, "disk"), "-f"];
    const child = Bun.spawn(argv, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    const at = (await stat(folder)).dev;
    await until("the file system is mounted", async () => {
      if (child.exitCode !== null) throw new Error(`it ended with status ${child.exitCode}`);
      return (await stat(join(folder, "disk"))).dev !== at;
    });
    return new FailingDisk(folder, child);
  }

  /** Where it is mounted. */
  get path(): string {
    return join(this.#folder, "disk");
  }

  /** From now on these fail, and no others. */
  async fail(...failing: readonly Failing[]): Promise<void> {
    const lines = failing.map(({ operation, code, part }) => `${operation} ${NUMBERS[code]} ${part}\n`);
    await writeFile(join(this.#folder, "control"), lines.join(""));
  }

  /** The `part` for a file that is there now: another one in its place does not fail. */
  async partFor(path: string): Promise<string> {
    return `#${(await stat(path)).ino}`;
  }

  async remove(): Promise<void> {
    run("umount", "-l", this.path);
    this.#process.kill();
    await this.#process.exited;
    await rm(this.#folder, { recursive: true });
  }
}

function run(program: string, ...argv: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync([findProgram(program) ?? program, ...argv]);
  if (!success) throw new Error(`${program} ${argv.join(" ")}: ${stderr.toString()}`);
}
