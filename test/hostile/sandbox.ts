/** A larder that may write anywhere in a folder, and what it wrote there. */
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";

export class Sandbox {
  readonly larder: LarderProcess;
  readonly folder: string;

  private constructor(larder: LarderProcess, folder: string) {
    this.larder = larder;
    this.folder = folder;
  }

  /** `more` are further arguments of `larder serve`. */
  static async start(more: readonly string[] = []): Promise<Sandbox> {
    const folder = await mkdtemp(join(tmpdir(), "larder-hostile-"));
    // So deep that a few steps up do not leave the sandbox.
    const dataFolder = join(folder, "a", "b", "c", "d", "data");
    await mkdir(join(folder, "home"));
    await mkdir(join(folder, "tmp"));
    const environment = {
      HOME: join(folder, "home"),
      TMPDIR: join(folder, "tmp"),
      RUNTIME_DIRECTORY: join(folder, "run"),
      // Bun would keep what it compiled, at home.
      BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0",
    };
    return new Sandbox(await startLarder({ dataFolder, environment, arguments: more }), folder);
  }

  async stop(): Promise<void> {
    await this.larder.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Files outside the data folder and the runtime folder. */
  async strays(): Promise<readonly string[]> {
    const all = await filesBelow(this.folder);
    return all.filter(
      (file) => !file.startsWith(`${this.larder.dataFolder}/`) && !file.startsWith(join(this.folder, "run/")),
    );
  }

  /** Files of content, whole or on its way. */
  async content(): Promise<readonly string[]> {
    const folders = ["blobs", "uploads"].map((name) => join(this.larder.dataFolder, name));
    return (await Promise.all(folders.map(filesBelow))).flat().sort();
  }

  /** Memory in use, in MiB. */
  async residentMib(): Promise<number> {
    const status = await readFile(`/proc/${this.larder.pid}/status`, "utf8");
    return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]) / 1024;
  }
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return found.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}
