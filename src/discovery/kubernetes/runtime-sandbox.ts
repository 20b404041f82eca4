/** The pause images that container runtimes start pods with, unless they are configured otherwise. From their sources. */

type SandboxRow = {
  readonly runtime: "containerd" | "cri-o";
  readonly minors: readonly [string, string];
  /** Patch releases, when the minor release changed its image. */
  readonly patches?: readonly [number, number];
  readonly image: string;
};

const ROWS: readonly SandboxRow[] = [
  { runtime: "containerd", minors: ["1.6", "1.6"], patches: [0, 8], image: "k8s.gcr.io/pause:3.6" },
  { runtime: "containerd", minors: ["1.6", "1.6"], patches: [9, 99], image: "registry.k8s.io/pause:3.6" },
  { runtime: "containerd", minors: ["1.7", "1.7"], image: "registry.k8s.io/pause:3.8" },
  { runtime: "containerd", minors: ["2.0", "2.1"], image: "registry.k8s.io/pause:3.10" },
  { runtime: "containerd", minors: ["2.2", "2.2"], image: "registry.k8s.io/pause:3.10.1" },
  { runtime: "containerd", minors: ["2.3", "2.4"], image: "registry.k8s.io/pause:3.10.2" },
  { runtime: "cri-o", minors: ["1.24", "1.26"], image: "registry.k8s.io/pause:3.6" },
  { runtime: "cri-o", minors: ["1.27", "1.27"], patches: [0, 0], image: "registry.k8s.io/pause:3.6" },
  { runtime: "cri-o", minors: ["1.27", "1.27"], patches: [1, 99], image: "registry.k8s.io/pause:3.9" },
  { runtime: "cri-o", minors: ["1.28", "1.30"], image: "registry.k8s.io/pause:3.9" },
  { runtime: "cri-o", minors: ["1.31", "1.33"], image: "registry.k8s.io/pause:3.10" },
  { runtime: "cri-o", minors: ["1.34", "1.37"], image: "registry.k8s.io/pause:3.10.1" },
];

/** The runtimes and versions that are known, for messages. */
export const KNOWN_RUNTIMES = ROWS.map(
  ({ runtime, minors: [from, to] }) => `${runtime}@${from === to ? from : `${from} to ${to}`}`,
)
  .filter((name, index, all) => all.indexOf(name) === index)
  .join(", ");

/**
 * The sandbox image of `containerd@1.7`, `cri-o@1.31.2`; without a patch release that of the newest one.
 * Null when the runtime or its version is not known.
 */
export function sandboxImage(runtime: string): string | null {
  const parts = /^(containerd|cri-?o)@v?(\d+)\.(\d+)(?:\.(\d+))?$/i.exec(runtime);
  if (parts === null) return null;
  const name = parts[1]?.toLowerCase() === "containerd" ? "containerd" : "cri-o";
  const number = minorNumber(`${parts[2]}.${parts[3]}`);
  const patch = parts[4] === undefined ? 99 : Number(parts[4]);
  const row = ROWS.find(({ runtime, minors, patches: [first, last] = [0, 99] }) => {
    return (
      runtime === name &&
      number >= minorNumber(minors[0]) &&
      number <= minorNumber(minors[1]) &&
      patch >= first &&
      patch <= last
    );
  });
  return row?.image ?? null;
}

function minorNumber(version: string): number {
  const [major, minor] = version.split(".").map(Number);
  return (major ?? 0) * 1000 + (minor ?? 0);
}
