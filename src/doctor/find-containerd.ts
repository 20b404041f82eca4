import type { AskProgram } from "./ask-program.ts";
import { type ContainerdConfig, parseContainerdConfig } from "./containerd-config.ts";
import { findProcesses, type RunningProcess } from "./find-process.ts";
import type { NodeFiles } from "./node-files.ts";

const CONFIG = "/etc/containerd/config.toml";

/** A containerd of this machine, and what it goes by. */
export type FoundContainerd = {
  /** Null when none runs. */
  readonly running: RunningProcess | null;
  /** What runs it. */
  readonly program: string;
  /** The file that it was given, or would take. */
  readonly path: string;
  /** What that file says; null when there is none. */
  readonly text: string | null;
  /** What all of its files come to: by its own `config dump` (`isDumped`), else by that file. Null: not understood. */
  readonly config: ContainerdConfig | null;
  readonly isDumped: boolean;
};

/**
 * The containerd that serves Kubernetes, rather than one that does not (Docker's); one with the usual configuration
 * rather than another. Where none runs, what the usual file says. Null when there is neither.
 */
export async function findContainerd(files: NodeFiles, ask: AskProgram): Promise<FoundContainerd | null> {
  const processes = await findProcesses("containerd", files);
  const candidates = await Promise.all(processes.map((running) => ofProcess(running, files, ask)));
  // dockerd writes the configuration of its own.
  const known = candidates.filter(({ path }) => !/^(\/var)?\/run\/docker\//.test(path));
  const [best] = known.toSorted((one, other) => rankOf(other) - rankOf(one));
  if (best !== undefined) return best;
  const text = await files.read(CONFIG);
  return text === null ? null : look({ running: null, program: "containerd", path: CONFIG }, files, ask);
}

function rankOf({ path, config }: FoundContainerd): number {
  return (config?.isWithoutKubernetes === true ? 0 : 2) + (path === CONFIG ? 1 : 0);
}

async function ofProcess(running: RunningProcess, files: NodeFiles, ask: AskProgram): Promise<FoundContainerd> {
  const given = configOf(running.argv);
  const folder = given === null || given.startsWith("/") ? null : await files.link(`/proc/${running.id}/cwd`);
  const path = given === null ? CONFIG : folder === null ? given : `${folder}/${given}`;
  return look({ running, program: running.program, path }, files, ask);
}

async function look(
  one: Pick<FoundContainerd, "running" | "program" | "path">,
  files: NodeFiles,
  ask: AskProgram,
): Promise<FoundContainerd> {
  const text = await files.read(one.path);
  const dump = await ask([one.program, "--config", one.path, "config", "dump"]);
  return { ...one, text, config: parseContainerdConfig(dump ?? text ?? ""), isDumped: dump !== null };
}

/** `--config FILE` or `-c FILE`. */
function configOf(argv: readonly string[]): string | null {
  const index = argv.findIndex((argument) => /^(--?config|-c)(=|$)/.test(argument));
  if (index < 0) return null;
  const [, given] = /=(.*)/.exec(argv[index] ?? "") ?? [];
  return given ?? argv[index + 1] ?? null;
}
