/** Runs a program of the packagers'. Throws an Error with its words when it fails, or is not there. */
export function runTool(argv: readonly string[], environment: Readonly<Record<string, string>>): void {
  const [program = ""] = argv;
  if (Bun.which(program) === null) throw new Error(`${program} is not installed`);
  const result = Bun.spawnSync([...argv], {
    env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8", TZ: "UTC", ...environment },
    stdout: "pipe",
    stderr: "pipe",
  });
  if (result.success) return;
  throw new Error(`${program} failed:\n${result.stdout.toString()}${result.stderr.toString()}`);
}
