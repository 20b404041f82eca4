import { join } from "node:path";
import type { LabDaemon } from "../end-to-end/lab-daemon.ts";
import type { LabHost } from "../end-to-end/lab-host.ts";
import type { CommandResult } from "../end-to-end/run-command.ts";

/** Sets up what the block before left, and remembers it at the end, however the block ends. */
const RESUME = `cd
shopt -s expand_aliases
[ ! -e "$GUIDE_STATE/variables" ] || . "$GUIDE_STATE/variables" 2>/dev/null
[ ! -e "$GUIDE_STATE/aliases" ] || . "$GUIDE_STATE/aliases"
[ ! -e "$GUIDE_STATE/folder" ] || cd "$(cat "$GUIDE_STATE/folder")"
trap '
  declare -p | grep -v "^declare -[A-Za-z]*r" >"$GUIDE_STATE/variables"
  alias -p >"$GUIDE_STATE/aliases"
  pwd >"$GUIDE_STATE/folder"
' EXIT
set -e -o pipefail
`;

const BLOCK_TIMEOUT_MS = 90_000;

/**
 * A person's shell on a host: what one block of commands sets (variables, aliases, the folder it is in) is there in the
 * next. It is bash, and begins at HOME. A block ends at its first command that fails.
 */
export class HostShell {
  readonly #host: LabHost;
  readonly #environment: Readonly<Record<string, string>>;

  constructor(host: LabHost, environment: Readonly<Record<string, string>> = {}) {
    this.#host = host;
    this.#environment = { ...environment, GUIDE_STATE: join(host.folder, "shell") };
  }

  /** Runs a block to its end. `output` has both streams. */
  async run(block: string): Promise<CommandResult> {
    // Into a file, where what both streams say stays in the order in which it was said; through a pipe it may not.
    const printed = join(this.#host.folder, "shell", "printed");
    const script = await this.#write(`exec >"${printed}" 2>&1\n${block}`);
    const result = await this.#host.run(script, { environment: this.#environment, timeoutMs: BLOCK_TIMEOUT_MS });
    return { ...result, output: (await this.#host.readFile(printed)) + result.output + result.errors };
  }

  /** Starts a block whose last command, a single one, goes on running. It takes the shell's place, so that signals reach it. */
  async start(block: string): Promise<LabDaemon> {
    const lines = block.trimEnd().split("\n");
    const last = lines.findLastIndex((line, index) => !(lines[index - 1] ?? "").endsWith("\\") && line !== "");
    const replaced = lines.with(last, `trap - EXIT; exec env ${lines[last] ?? ""}`).join("\n");
    return this.#host.start(await this.#write(`exec 2>&1\n${replaced}`), { environment: this.#environment });
  }

  /** Where a path of a guide is on the host: a relative one is below the folder that the shell is in. */
  async resolve(path: string): Promise<string> {
    if (path.startsWith("/")) return path;
    const { output } = await this.run("pwd");
    return join(output.trim(), path);
  }

  async #write(block: string): Promise<readonly string[]> {
    const state = join(this.#host.folder, "shell");
    const file = join(state, `${crypto.randomUUID().slice(0, 8)}.sh`);
    await this.#host.writeFile(file, block);
    await this.#host.writeFile(join(state, "resume"), RESUME);
    // Sourced, since only then the aliases that are set before it hold within.
    return ["bash", "-c", '. "$GUIDE_STATE/resume"; . "$1"', "bash", file];
  }
}
