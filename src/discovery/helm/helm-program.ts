/** Helm itself, when it is installed: it knows best what its charts render to. */

import { KUBERNETES_VERSION } from "./template-objects.ts";

/** Renders a chart's folder or archive; the text that `helm template` prints. Throws with Helm's own words. */
export type HelmTemplate = (path: string, signal: AbortSignal) => Promise<string>;

const PATIENCE_MILLISECONDS = 60_000;
const OUTPUT_LIMIT = 64 * 1024 * 1024;

/** Helm as it is found on the PATH of `environment`, or null. */
export function findHelm(environment: Readonly<Record<string, string | undefined>>): HelmTemplate | null {
  const program = Bun.which("helm", { PATH: environment["PATH"] ?? "" });
  if (program === null) return null;
  return async (path, signal) => {
    const helm = Bun.spawn([program, "template", "release-name", path, "--kube-version", KUBERNETES_VERSION], {
      env: { ...environment },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      signal,
      timeout: PATIENCE_MILLISECONDS,
      maxBuffer: OUTPUT_LIMIT,
    });
    const [text, complaint, status] = await Promise.all([helm.stdout.text(), helm.stderr.text(), helm.exited]);
    if (status !== 0)
      throw new Error(/^Error: (.*)/m.exec(complaint)?.[1]?.slice(0, 500) ?? `it ended with status ${status}`);
    return text;
  };
}
