/**
 * What larder is built for: the machines' names in the words of everyone who has some of their own.
 */
export type Target = {
  /** The name of the file in dist/. */
  readonly file: string;
  /** The npm package that holds the runtime, pinned with its hash in package-lock.json. */
  readonly runtimePackage: string;
  readonly libc: "glibc" | "musl";
  /** As Go, OCI and Debian call the processor. */
  readonly architecture: "amd64" | "arm64";
  /** As the kernel and RPM call it. */
  readonly machine: "x86_64" | "aarch64";
};

export const TARGETS: readonly Target[] = [
  target("x64", "glibc", "@oven/bun-linux-x64"),
  target("arm64", "glibc", "@oven/bun-linux-aarch64"),
  target("x64", "musl", "@oven/bun-linux-x64-musl"),
  target("arm64", "musl", "@oven/bun-linux-aarch64-musl"),
];

function target(processor: "x64" | "arm64", libc: "glibc" | "musl", runtimePackage: string): Target {
  return {
    file: `larder-linux-${processor}${libc === "musl" ? "-musl" : ""}`,
    runtimePackage,
    libc,
    architecture: processor === "x64" ? "amd64" : "arm64",
    machine: processor === "x64" ? "x86_64" : "aarch64",
  };
}

/** The target that a word means: `x64`, `amd64` or `x86_64`, `arm64` or `aarch64`, `-musl` after it; null: none. */
export function findTarget(word: string): Target | null {
  const [, processor = "", musl] = /^(?:larder-)?(?:linux-)?(.*?)(-musl)?$/.exec(word) ?? [];
  const libc = musl === undefined ? "glibc" : "musl";
  const known = (target: Target) => [
    target.architecture,
    target.machine,
    target.architecture === "amd64" ? "x64" : "arm64",
  ];
  return TARGETS.find((target) => target.libc === libc && known(target).includes(processor)) ?? null;
}

/** The target of the machine that builds. */
export function hostTarget(): Target {
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  const libc = (process.report.getReport() as { header?: { glibcVersionRuntime?: string } }).header?.glibcVersionRuntime
    ? "glibc"
    : "musl";
  const found = TARGETS.find((target) => target.architecture === architecture && target.libc === libc);
  if (found === undefined) throw new Error(`larder is not built for ${process.arch} with ${libc}`);
  return found;
}
