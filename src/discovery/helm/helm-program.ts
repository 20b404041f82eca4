/** Helm itself, when it is installed: it knows best what its charts render to. */
import type { HelmMajor } from "./helm-rules.ts";
import { KUBERNETES_VERSION } from "./template-objects.ts";

/** Renders a chart's folder or archive; the text that `helm template` prints. Throws with Helm's own words. */
export type HelmTemplate = (path: string, signal: AbortSignal) => Promise<string>;

/** Helm as it is installed. */
export type HelmProgram = {
  /** Null when it does not say, or is neither. */
  readonly major: HelmMajor | null;
  readonly template: HelmTemplate;
};

type Environment = Readonly<Record<string, string | undefined>>;

const PATIENCE_MILLISECONDS = 60_000;
const OUTPUT_LIMIT = 64 * 1024 * 1024;

/** Helm as it is found on the PATH of `environment`, or null. `further` arguments are given to `helm template`. */
export async function findHelm(environment: Environment, further: readonly string[] = []): Promise<HelmProgram | null> {
  const program = Bun.which("helm", { PATH: environment["PATH"] ?? "" });
  if (program === null) return null;
  const told = await run([program, "version", "--short"], environment, AbortSignal.timeout(PATIENCE_MILLISECONDS));
  const major = Number(/^v(\d+)\./m.exec(told.text)?.[1]);
  return {
    major: major === 3 || major === 4 ? major : null,
    template: async (path, signal) => {
      const command = [program, "template", "release-name", path, "--kube-version", KUBERNETES_VERSION, ...further];
      const { text, complaint, status } = await run(command, environment, signal);
      if (status !== 0) throw new Error(complaintOf(complaint) ?? `it ended with status ${status}`);
      return text;
    },
  };
}

async function run(command: readonly string[], environment: Environment, signal: AbortSignal) {
  const helm = Bun.spawn([...command], {
    env: { ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    signal,
    timeout: PATIENCE_MILLISECONDS,
    maxBuffer: OUTPUT_LIMIT,
  });
  const [text, complaint, status] = await Promise.all([helm.stdout.text(), helm.stderr.text(), helm.exited]);
  return { text, complaint, status };
}

/** Helm 4 breaks its errors over several lines; they are one sentence. */
function complaintOf(complaint: string): string | undefined {
  return /^Error: ([^]*?)(?:\n\n|\s*$)/m
    .exec(complaint)?.[1]
    ?.replace(/\s*\n\s*/g, " ")
    .slice(0, 500);
}
