import { chmod, chown, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The shells that scripts have to run under, as far as they are here. */
export const SHELLS = [["dash"], ["busybox", "sh"], ["bash"]] as const;

export type RunResult = { readonly exitCode: number; readonly messages: string };

/** A folder that stands for the root of a node. */
export class TestNode {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  static async make(): Promise<TestNode> {
    return new TestNode(await mkdtemp(join(tmpdir(), "larder-node-")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true });
  }

  async put(path: string, text: string, mode = 0o644): Promise<void> {
    const file = join(this.root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    await chmod(file, mode);
    // Somebody else's, where that can be arranged.
    if (process.getuid?.() === 0) await chown(file, 1234, 1234);
  }

  read(path: string): Promise<string> {
    return readFile(join(this.root, path), "utf8");
  }

  /** Every path with its type, mode, owner and content; for files also when they were changed, to the second. */
  async picture(): Promise<readonly string[]> {
    const paths = await readdir(this.root, { recursive: true });
    return Promise.all(
      paths.sort().map(async (path) => {
        const { mode, uid, gid, mtimeMs } = await lstat(join(this.root, path));
        const isFile = (mode & 0o170000) === 0o100000;
        const rest = isFile ? ` ${Math.floor(mtimeMs / 1000)} ${JSON.stringify(await this.read(path))}` : "";
        return `${path} ${mode.toString(8)} ${uid}:${gid}${rest}`;
      }),
    );
  }

  /** Runs a script on this node, as `curl … | sh -s ARGUMENT` would. */
  run(
    script: string,
    shell: readonly string[],
    argument: "join" | "undo" = "join",
    environment: Readonly<Record<string, string>> = {},
  ): RunResult {
    const { exitCode, stdout, stderr } = Bun.spawnSync([...shell, "-s", argument], {
      stdin: Buffer.from(script),
      env: { PATH: process.env["PATH"] ?? "", LARDER_ROOT: this.root, ...environment },
    });
    return { exitCode, messages: stdout.toString() + stderr.toString() };
  }
}
