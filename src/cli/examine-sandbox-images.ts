import type { HealthAnswer } from "../api/admin.ts";
import type { AdminClient } from "../api/admin-client.ts";
import { sandboxImage } from "../discovery/runtime-sandbox.ts";
import { examineSandbox, type SandboxState } from "../doctor/examine-sandbox.ts";
import type { Finding } from "../doctor/finding.ts";
import type { NodeFiles } from "../doctor/node-files.ts";
import { type AskProgram, readSandboxImages } from "../doctor/read-sandbox-image.ts";
import { formatPlatform, hostPlatform } from "../oci/platform.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { parseImageName } from "../registry/image-name.ts";
import type { CommandIo } from "./command-io.ts";

const PATIENCE_MS = 10_000;
const LIMIT_BYTES = 4 * 1024 * 1024;

/** The larder that a node pulls from; `health` is null when it did not say. */
export type AskedLarder = {
  readonly client: AdminClient;
  readonly standIns: readonly string[];
  readonly health: HealthAnswer | null;
};

/** What this machine's runtimes start pods with, and whether larder, if one was found, has it. */
export async function examineSandboxImages(
  files: NodeFiles,
  larder: AskedLarder | null,
  { environment, signal }: CommandIo,
): Promise<readonly Finding[]> {
  const images = await readSandboxImages(files, programAsker(environment["PATH"] ?? "", signal), sandboxImage);
  return Promise.all(
    images.map(async (image) =>
      examineSandbox(image, larder === null ? null : await stateOf(image.image, larder, signal)),
    ),
  );
}

async function stateOf(
  image: string,
  { client, standIns, health }: AskedLarder,
  signal: AbortSignal,
): Promise<SandboxState | null> {
  try {
    const reference: Reference = parseImageName(image);
    const name = formatReference(reference);
    const { images } = await client.has({ images: [{ image: name, platforms: [formatPlatform(hostPlatform())] }] });
    const host = reference.namespace;
    const upstream = health?.upstreams.find(({ namespace }) => namespace === host);
    return {
      isThere: images[0]?.state === "whole",
      isStoodInFor: standIns.includes(host),
      canBeFetched: health !== null && !health.offline && upstream?.problem == null,
    };
  } catch {
    signal.throwIfAborted();
    return null; // Of another version, say; that it does not answer is told elsewhere.
  }
}

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
