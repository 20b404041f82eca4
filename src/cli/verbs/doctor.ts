/** `larder doctor`: why does this machine not pull from here? */
import { statfs } from "node:fs/promises";
import { Command } from "commander";
import { examineNames, resolveBySystem } from "../../doctor/examine-names.ts";
import { findUsedRuntimes } from "../../doctor/find-used-runtimes.ts";
import { readUsedRegistries } from "../../doctor/read-used-registries.ts";
import { examineRuntime, readRuntimes } from "../../doctor/examine-runtime.ts";
import { examineDisk } from "../../doctor/examine-server.ts";
import { type Finding, warn } from "../../doctor/finding.ts";
import { mergeCauses } from "../../doctor/merge-causes.ts";
import { NodeFiles } from "../../doctor/node-files.ts";
import { networkProber } from "../../doctor/probe.ts";
import type { RuntimeSetup } from "../../doctor/runtime-setup.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import { DEFAULT_STAND_INS } from "../../registry/names/stand-ins.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { examineSandboxImages } from "../examine-sandbox-images.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { findLarderOfNode, usedRegistries } from "../find-larder-of-node.ts";
import { doctorResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { wrapText } from "../../lib/text/fit-text.ts";
import type { AskProgram } from "../../doctor/ask-program.ts";

type Flags = { readonly registry?: string; readonly json?: true };

/** Where runtimes keep images. */
const STATE_FOLDERS = ["/var/lib/containerd", "/var/lib/containers", "/var/lib/docker", "/var/lib/rancher"];

/** `larder doctor`: finds out why a node does not pull through larder. */
export function doctorCommand(io: CommandIo): Command {
  return new Command("doctor")
    .description(
      "Look at everything between this machine's runtimes and the registries: names, ports, certificates, the runtimes' files, disk, clock, and larder's way to the registries. Exit status 1 when something would stop a pull.",
    )
    .option("--registry <address>", "the registry ($LARDER_REGISTRY, $LOCAL_REGISTRY, else this machine's)")
    .option("--json", "as JSON")
    .action((flags: Flags) =>
      failingPlainly(io.signal, async () => {
        const findings = await examine(flags, io);
        if (flags.json === true) writeJson(io.stdout, doctorResult, findings.map(said));
        else io.stdout.write(report(findings, io.stdout.columns ?? null));
        const failed = findings.filter(({ status }) => status === "fail").length;
        if (failed > 0) throw new CommandFailure(1, flags.json === true ? "" : `${failed} of these would stop a pull`);
      }),
    );
}

async function examine(flags: Flags, io: CommandIo): Promise<readonly Finding[]> {
  const files = new NodeFiles("/");
  const probe = networkProber(io.signal);
  const ask = programAsker(io.environment["PATH"] ?? "", io.signal);
  const found = await readRuntimes(files, ask, Date.now);
  const running = await findUsedRuntimes(found, files);
  // Where none is in use, all of them may be meant to be.
  const setups = running.length === 0 ? found : running;
  const pulled = await readUsedRegistries(files, ask);
  const server = await findLarderOfNode(flags.registry, setups, pulled, io);
  const { larder } = server;
  const standIns = (server.said?.standIns ?? standInsOf(setups)) as readonly Namespace[];
  const runtimes = await Promise.all(setups.map((setup) => examineRuntime(setup, standIns, files, probe)));
  const used = usedRegistries(pulled, larder?.asked ?? []);
  const names = await examineNames(standIns, runtimes, used, { resolve: resolveBySystem, probe });
  const settings = runtimes.flatMap(({ findings }) => findings);
  const inUse = setups.map(({ runtime }) => runtime);
  const sandboxes = larder === null ? [] : await examineSandboxImages(files, larder, ask, inUse, io.signal);
  const known = runtimes.length > 0 ? settings : [warn("runtime", NO_RUNTIME, "on a node, run this there")];
  const all = [...server.findings, ...known, ...sandboxes, ...names, ...(await examineStateFolders())];
  return mergeCauses(all);
}

/** Without a server's list, what the runtimes are set up for; else the usual list tells most of what there is to tell. */
function standInsOf(setups: readonly RuntimeSetup[]): readonly string[] {
  const routes = setups.flatMap((setup) => (setup.isInEffect ? setup.routes : []));
  const known = new Set(routes.map(({ registry }) => registry).filter((registry) => /^[^.*]+\.\D/.test(registry)));
  return known.size === 0 ? DEFAULT_STAND_INS : [...known];
}

const NO_RUNTIME = "this machine has no files of containerd, CRI-O, Podman, Docker, k3s or RKE2";

async function examineStateFolders(): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const folder of STATE_FOLDERS) {
    const space = await statfs(folder).catch(() => null);
    if (space === null) continue; // This machine does not have that runtime.
    const { bavail, blocks, bsize } = space;
    findings.push(examineDisk(folder, { freeBytes: bavail * bsize, sizeBytes: blocks * bsize }));
  }
  return findings;
}

/** What of a finding is for others. */
function said({ check, status, message, advice }: Finding): Omit<Finding, "cause"> {
  return { check, status, message, advice };
}

/** A line for each, and what to do about it below; where the same helps the next one as well, below that. */
function report(findings: readonly Finding[], columns: number | null): string {
  const lines = findings.flatMap(({ check, status, message, advice }, index) => {
    const line = `${(status === "fail" ? "FAIL" : status).padEnd(6)}${check.padEnd(11)}${message}`;
    const isSaidNext = findings[index + 1]?.advice === advice;
    return advice === null || isSaidNext ? [line] : [line, `${" ".repeat(17)}-> ${advice}`];
  });
  return `${lines.map((line) => wrapText(line, columns)).join("\n")}\n`;
}

const PATIENCE_MS = 10_000;
const LIMIT_BYTES = 4 * 1024 * 1024;

/** Runs programs of this machine that tell of their own configuration. */
function programAsker(searchPath: string, signal: AbortSignal): AskProgram {
  return async ([program = "", ...argv]) => {
    const path = program.startsWith("/")
      ? program
      : Bun.which(program, { PATH: `${searchPath}:/usr/local/bin:/usr/sbin` });
    if (path === null) return null;
    try {
      const child = Bun.spawn([path, ...argv], {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "ignore",
        signal,
        timeout: PATIENCE_MS,
        maxBuffer: LIMIT_BYTES,
      });
      const [text, status] = await Promise.all([child.stdout.text(), child.exited]);
      return status === 0 ? text : null;
    } catch {
      signal.throwIfAborted();
      return null; // Not a program that can be run here: it says nothing.
    }
  };
}
