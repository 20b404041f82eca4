import type { Health } from "../admin/server-schemas.ts";
import type { AdminClient } from "../admin/admin-client.ts";
import { sandboxImage } from "../discovery/kubernetes/runtime-sandbox.ts";
import type { AskProgram } from "../doctor/ask-program.ts";
import { examineSandbox, type SandboxState } from "../doctor/examine-sandbox.ts";
import type { Finding } from "../doctor/finding.ts";
import type { NodeFiles } from "../doctor/node-files.ts";
import { readSandboxImages } from "../doctor/read-sandbox-image.ts";
import { formatSelection } from "../oci/platform-selection.ts";
import { hostSelection } from "./platform-flags.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { parseImageName } from "../registry/names/image-name.ts";

/** The larder that a node pulls from; `health` is null when it did not answer that. */
export type AskedLarder = {
  readonly client: AdminClient;
  readonly standIns: readonly string[];
  readonly health: Health | null;
};

/**
 * Checks the images that this machine's runtimes start pods with: which they are, and whether larder has them. Those of runtimes that neither run nor are `used` are
 * nobody's concern.
 */
export async function examineSandboxImages(
  files: NodeFiles,
  larder: AskedLarder,
  ask: AskProgram,
  used: readonly string[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const known = await readSandboxImages(files, ask, sandboxImage);
  const images = known.filter(({ runtime, isRunning }) => isRunning || used.includes(SETUP_OF[runtime]));
  return Promise.all(images.map(async (image) => examineSandbox(image, await stateOf(image.image, larder, signal))));
}

/** Whose files a runtime's settings are in, as a doctor names them. */
const SETUP_OF = { containerd: "containerd", "cri-o": "containers" } as const;

async function stateOf(
  image: string,
  { client, standIns, health }: AskedLarder,
  signal: AbortSignal,
): Promise<SandboxState | null> {
  try {
    const reference: Reference = parseImageName(image);
    const name = formatReference(reference);
    const asked = [{ image: name, platforms: formatSelection(hostSelection()) }];
    const { images } = await client.call("checkImages", { images: asked });
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
