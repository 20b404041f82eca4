import { join } from "node:path";
import { outputOf } from "../command.ts";

/** Runs one of this folder's load generators as a process of its own; it gets `job`. Returns what it reports. */
export async function runLoad(program: LoadProgram, job: object): Promise<unknown> {
  const argv = [process.execPath, join(import.meta.dir, `${program}.ts`), JSON.stringify(job)];
  return JSON.parse(await outputOf(argv));
}

type LoadProgram = "pull" | "push" | "slow-readers" | "request-rate";

/** The job of this process, which `runLoad` started. */
export function jobOfProcess(): unknown {
  return JSON.parse(process.argv[2] ?? "null");
}

/** Hands a result back to `runLoad`. */
export function reportResult(result: object): void {
  process.stdout.write(JSON.stringify(result));
}
