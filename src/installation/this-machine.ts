import type { Machine } from "./machine.ts";

/** Programs that are asked for nothing that takes longer; larder itself may take its time to open a large store. */
const TIME_LIMIT_MS = 15 * 60_000;

/** Root's programs are not in everybody's PATH. */
const SYSTEM_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The machine that this process runs on; or, with another `root`, an image in that folder. */
export function openMachine(root: string, environment: Readonly<Record<string, string | undefined>>): Machine {
  const isRunning = root === "/";
  const PATH = `${environment["PATH"] ?? ""}:${SYSTEM_FOLDERS}`;
  return {
    root,
    isRunning,
    run: async (argv) => {
      const [name = "", ...rest] = argv;
      const path = isRunning ? Bun.which(name, { PATH }) : null;
      if (path === null) return null;
      const child = Bun.spawn([path, ...rest], {
        cwd: "/",
        env: { ...environment, PATH, LC_ALL: "C" },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
        timeout: TIME_LIMIT_MS,
      });
      const output = [child.stdout, child.stderr].map((stream) => stream.text());
      const [out = "", errors = ""] = await Promise.all(output);
      return { status: await child.exited, words: out + errors };
    },
  };
}
