/** `larder doctor`: why does this machine not pull from here? */
import { statfs } from "node:fs/promises";
import { Command } from "commander";
import { ADMIN_PATH, CONTRACT } from "../../admin/contract.ts";
import type { Health } from "../../admin/server-schemas.ts";
import { AdminClient, type Fetch } from "../../admin/admin-client.ts";
import { fetchServerSettings, type ServerSettings } from "../../clients/fetch-server-settings.ts";
import { examineNames, resolveBySystem } from "../../doctor/examine-names.ts";
import { examineRuntime, readRuntimes } from "../../doctor/examine-runtime.ts";
import { examineClock, examineDisk, examineStore, examineUpstreams } from "../../doctor/examine-server.ts";
import { fail, type Finding, ok, warn } from "../../doctor/finding.ts";
import { NodeFiles } from "../../doctor/node-files.ts";
import { networkProber } from "../../doctor/probe.ts";
import type { RuntimeSetup } from "../../doctor/runtime-setup.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import { DEFAULT_STAND_INS } from "../../registry/names/stand-ins.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { type AskedLarder, examineSandboxImages } from "../examine-sandbox-images.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { doctorResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { wrapText } from "../../lib/text/fit-text.ts";
import { likelyOrigins } from "../../remote/find-registry.ts";
import { givenRegistryAddress } from "../../remote/registry-address.ts";
import type { AskProgram } from "../../doctor/ask-program.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

type Flags = { readonly registry?: string; readonly json?: true };

/** Upstreams are given 8 seconds by the server. */
const HEALTH_LIMIT_MS = 15_000;
const MOST_GUESSES = 12;
/** Where runtimes keep images. */
const STATE_FOLDERS = ["/var/lib/containerd", "/var/lib/containers", "/var/lib/docker", "/var/lib/rancher"];

/** `larder doctor`: finds out why a node does not pull through larder. */
export function doctorCommand(io: CommandIo): Command {
  return new Command("doctor")
    .summary("why does this machine not pull from larder?")
    .description(
      "Look at everything between this machine's runtimes and the registries: names, ports, certificates, the runtimes' files, disk, clock, and larder's way to the registries. Exit status 1 when something would stop a pull.",
    )
    .option("--registry <address>", "the registry ($LARDER_REGISTRY, $LOCAL_REGISTRY, else this machine's)")
    .option("--json", "as JSON")
    .action((flags: Flags) =>
      failingPlainly(io.signal, async () => {
        const findings = await examine(flags, io);
        if (flags.json === true) writeJson(io.stdout, doctorResult, findings);
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
  const setups = await readRuntimes(files, ask, Date.now());
  const server = await findServer(flags, setups, io);
  // Without a server's list the usual one tells most of what there is to tell.
  const standIns = (server.said?.standIns ?? DEFAULT_STAND_INS) as readonly Namespace[];
  const runtimes = await Promise.all(setups.map((setup) => examineRuntime(setup, standIns, files, probe)));
  const names = await examineNames(standIns, runtimes, { resolve: resolveBySystem, probe });
  const found = runtimes.flatMap(({ findings }) => findings);
  const sandboxes = await examineSandboxImages(files, server.larder, ask, io.signal);
  const known = runtimes.length > 0 ? found : [warn("runtime", NO_RUNTIME, "on a node, run this there")];
  return [...server.findings, ...known, ...sandboxes, ...names, ...(await examineStateFolders())];
}

const NO_RUNTIME = "this machine has no files of containerd, CRI-O, Podman, Docker, k3s or RKE2";

type Server = {
  readonly said: ServerSettings | null;
  readonly larder: AskedLarder | null;
  readonly findings: readonly Finding[];
};

/** Where nothing says where larder is, a node's own settings may. */
async function findServer({ registry }: Flags, setups: readonly RuntimeSetup[], io: CommandIo): Promise<Server> {
  const given = givenRegistryAddress(registry, io.environment);
  const origins = given?.origins ?? likelyOrigins(io.environment);
  const guesses = setups.flatMap(({ routes }) => routes.flatMap((route) => route.origins));
  for (const origin of given !== null ? origins : [...new Set([...origins, ...guesses])].slice(0, MOST_GUESSES)) {
    const said = await fetchServerSettings(origin, null, io.signal);
    if (said === null) continue;
    const client = new AdminClient(origin, trustingFetch, io.signal);
    const { health, findings } = await examineServer(origin, io.signal);
    const larder = { client, standIns: said.standIns, health };
    return { said, larder, findings: [ok("larder", `answers at ${origin}`), ...findings] };
  }
  const advice = "start it, or say where it is with --registry HOST:PORT";
  return {
    said: null,
    larder: null,
    findings: [fail("larder", `nobody answers as larder at ${origins.join(" or ")}`, advice)],
  };
}

/** A doctor looks, whatever the certificate: that it is trusted is looked at elsewhere. */
const trustingFetch: Fetch = (url, init) =>
  fetch(url, { ...init, tls: { rejectUnauthorized: false }, proxy: false as unknown as string });

async function examineServer(
  origin: string,
  signal: AbortSignal,
): Promise<{ readonly health: Health | null; readonly findings: readonly Finding[] }> {
  const url = `${origin}${ADMIN_PATH}${CONTRACT.getHealth.path}`;
  try {
    const response = await trustingFetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(HEALTH_LIMIT_MS)]),
    });
    const receivedAtMs = Date.now();
    if (!response.ok) throw new Error(`status ${response.status}`);
    const health = (await response.json()) as Health;
    const serverTimeMs = Date.parse(response.headers.get("date") ?? "");
    const clock = Number.isNaN(serverTimeMs) ? [] : [examineClock(receivedAtMs - serverTimeMs)];
    // An older larder does not say.
    const store = examineStore(health.storeProblem ?? null);
    const findings = [examineDisk("larder's data folder", health.disk), store, ...clock, ...examineUpstreams(health)];
    return { health, findings };
  } catch (error) {
    signal.throwIfAborted();
    const reason = describeFailure(error);
    return { health: null, findings: [warn("larder", `${url} was not answered: ${reason}`, "is it of this version?")] };
  }
}

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
