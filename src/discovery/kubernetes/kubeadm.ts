/** kubeadm, when it is installed: it knows the images of releases that are newer than any table. */
import { Findings } from "../found/found-image.ts";
import { scanImageList } from "../files/image-list.ts";
import type { Reference } from "../../oci/reference.ts";
import { kubernetesVersion } from "./kubernetes-images.ts";
import { linesOf } from "../files/yaml-documents.ts";

const PATIENCE_MILLISECONDS = 30_000;

/**
 * What `kubeadm config images list` prints for a release; null when kubeadm is not on the PATH of `environment`.
 * Throws with kubeadm's own words when it fails, as it does for releases far from its own.
 */
export async function kubeadmImages(
  version: string,
  options: {
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly signal: AbortSignal;
    readonly imageRepository?: string;
  },
): Promise<readonly Reference[] | null> {
  const program = Bun.which("kubeadm", { PATH: options.environment["PATH"] ?? "" });
  if (program === null) return null;
  const repository = options.imageRepository === undefined ? [] : ["--image-repository", options.imageRepository];
  const command = [
    program,
    "config",
    "images",
    "list",
    "--kubernetes-version",
    kubernetesVersion(version),
    ...repository,
  ];
  const kubeadm = Bun.spawn(command, {
    env: { ...options.environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    signal: options.signal,
    timeout: PATIENCE_MILLISECONDS,
    maxBuffer: 1024 * 1024,
  });
  const [text, complaint, status] = await Promise.all([kubeadm.stdout.text(), kubeadm.stderr.text(), kubeadm.exited]);
  const findings = new Findings();
  const isList = scanImageList(text, "asked for", linesOf(program), findings) && findings.problems.length === 0;
  if (status !== 0 || !isList) {
    throw new Error(
      `kubeadm lists no images for ${version}: ${complaint.trim().slice(0, 500) || `it ended with status ${status}`}`,
    );
  }
  return findings.images.map(({ reference }) => reference);
}
