import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { outputOf } from "./command.ts";
import type { Programs } from "./programs.ts";

/** What the figures depend on: the machine and the programs. Nothing that names or places the machine. */
export async function describeMachine(programs: Programs): Promise<readonly string[]> {
  const [first] = cpus();
  return [
    `${cpus().length} x ${first?.model.trim() ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
    `Linux ${kernel()}, Bun ${Bun.version}`,
    firstLine(await outputOf([programs.dockerRegistry, "--version"])),
    firstLine(await outputOf([programs.nginx, "-v"])),
    firstLine(await outputOf([programs.skopeo, "--version"])),
  ];
}

function kernel(): string {
  return /\d+\.\d+/.exec(readFileSync("/proc/sys/kernel/osrelease", "utf8"))?.[0] ?? "";
}

/** Without the paths that some programs put into their versions. */
function firstLine(text: string): string {
  return (text.trim().split("\n")[0] ?? "").replace(/^\S*\/(\S+ )github\.com\/\S+ /, "$1").replace(/^\/\S*\//, "");
}
