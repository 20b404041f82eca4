/**
 * Brings today's clients, which Debian does not have yet: built from Go's modules where Go is on the machine.
 *
 *     FOLDER/crane@v0.22.1/crane          FOLDER: LARDER_TEST_PROGRAMS, or ~/.cache/larder-tests
 *     FOLDER/containerd@v2.4.2/containerd
 *
 * A build takes half a minute to four minutes on two cores, once for each machine. It happens in a folder of its own
 * that is renamed when it is whole: two runs at once do the work twice and do not clash. Each program has a module of
 * its own, since `go install PATH@VERSION` refuses a module that excludes or replaces others.
 */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { findProgram } from "./debian-packages.ts";

/** What is built of a module: `packages` are paths below `module`, and `main` names the one that tests ask for. */
type GoProgram = {
  readonly module: string;
  readonly version: string;
  readonly packages: readonly string[];
  readonly main: string;
  readonly tags?: string;
};

/** The newest commit of its main branch that the module proxy has; the last tag has the suite's older form. */
const CONFORMANCE_VERSION = "v0.0.0-20260831232431-97274622c111";

const PROGRAMS = {
  cosign: one("github.com/sigstore/cosign/v2", "v2.6.5", "cmd/cosign"),
  "containerd-2.2": containerd("v2.2.9"),
  "containerd-2.3": containerd("v2.3.7"),
  "containerd-2.4": containerd("v2.4.2"),
  conformance: one("github.com/opencontainers/distribution-spec/conformance", CONFORMANCE_VERSION, ""),
  crane: one("github.com/google/go-containerregistry", "v0.22.1", "cmd/crane"),
  crictl: one("sigs.k8s.io/cri-tools", "v1.37.0", "cmd/crictl"),
  helm: one("helm.sh/helm/v3", "v3.22.0", "cmd/helm"),
  "helm-4": one("helm.sh/helm/v4", "v4.3.1", "cmd/helm"),
  // OpenTelemetry's collector with a store that can be asked what it took.
  jaeger: one("github.com/jaegertracing/jaeger", "v1.76.0", "cmd/jaeger"),
  kustomize: one("sigs.k8s.io/kustomize/kustomize/v5", "v5.8.3", ""),
  notation: one("github.com/notaryproject/notation", "v1.3.2", "cmd/notation"),
  oras: one("oras.land/oras", "v1.3.6", "cmd/oras"),
  regctl: one("github.com/regclient/regclient", "v0.11.7", "cmd/regctl"),
  regsync: one("github.com/regclient/regclient", "v0.11.7", "cmd/regsync"),
} as const satisfies Readonly<Record<string, GoProgram>>;

export type GoProgramName = keyof typeof PROGRAMS;

/** Carries to the tests why programs could not be built: a JSON object, name to reason. */
export const UNBUILT_VARIABLE = "LARDER_TEST_UNBUILT";

/** As a need of `requirement`: `go:crane`. */
export const GO_NEED = /^go:(.+)$/;

const COMMAND_TIMEOUT_MS = 15 * 60_000;

/** The program's path, or null when it is not built on this machine. Further programs of its module lie beside it. */
export function findGoProgram(name: GoProgramName): string | null {
  const path = goProgramPath(name);
  return existsSync(path) ? path : null;
}

/** Why `findGoProgram` finds nothing, in a sentence. Throws for a name that is not in the list. */
export function whyUnbuilt(name: string): string {
  const { version } = PROGRAMS[knownName(name)];
  const reasons = JSON.parse(process.env[UNBUILT_VARIABLE] ?? "{}") as Readonly<Record<string, string>>;
  return `${name} ${version} is not built: ${reasons[name] ?? "npm test does that, where Go is installed"}`;
}

/** Where the program is, or will be. */
export function goProgramPath(name: GoProgramName, cache: string = cacheFolder()): string {
  const program: GoProgram = PROGRAMS[name];
  return join(cache, folderName(name), program.main);
}

/** The programs that a test file asks for: its text names each as `"go:NAME"`. */
export function goProgramsAskedForIn(text: string): readonly GoProgramName[] {
  return [...new Set([...text.matchAll(/"go:([\w.-]+)"/g)].map(([, name = ""]) => knownName(name)))];
}

/**
 * Builds those of `names` that are not there yet, and tells `say` what it does and how long that took. Returns why some
 * could not be built, by name: no failure is an error, the suites that need them are skipped.
 */
export async function buildGoPrograms(
  names: readonly GoProgramName[],
  say: (line: string) => void,
): Promise<Readonly<Record<string, string>>> {
  const missing = names.filter((name) => findGoProgram(name) === null);
  const unbuilt: Record<string, string> = {};
  for (const name of missing) {
    if (findProgram("go") === null) {
      unbuilt[name] = "Go is not installed";
      continue;
    }
    say(`Building ${name} ${PROGRAMS[name].version} for the tests (LARDER_TEST_INSTALL=0 says not to)`);
    const start = performance.now();
    try {
      await build(name);
      say(`Built ${name} in ${Math.round((performance.now() - start) / 1000)} s`);
    } catch (error) {
      unbuilt[name] = (error as Error).message;
      say(`${name} could not be built: ${unbuilt[name]}`);
    }
  }
  return unbuilt;
}

/**
 * Builds the conformance suite from a checkout of the distribution specification, or from its folder `conformance`, and
 * puts it at `program`. Throws with what Go said.
 */
export async function buildConformanceOf(checkout: string, program: string): Promise<void> {
  const below = join(checkout, "conformance");
  await go(existsSync(join(below, "go.mod")) ? below : checkout, "build", "-o", program, ".");
}

function one(module: string, version: string, path: string): GoProgram {
  return { module, version, packages: [path], main: path === "" ? commandName(module) : basename(path) };
}

function containerd(version: string): GoProgram {
  return {
    module: "github.com/containerd/containerd/v2",
    version,
    // Pulling images takes no shim.
    packages: ["cmd/containerd"],
    main: "containerd",
    // What needs C libraries, and no test.
    tags: "no_btrfs,no_devmapper,no_zfs",
  };
}

/** The name that Go gives to a module's own command: its last part that is no major version. */
function commandName(module: string): string {
  return basename(module.replace(/\/v\d+$/, ""));
}

function knownName(name: string): GoProgramName {
  if (!Object.hasOwn(PROGRAMS, name)) throw new Error(`${name} is not among the programs of test/go-programs.ts`);
  return name as GoProgramName;
}

function cacheFolder(): string {
  return process.env["LARDER_TEST_PROGRAMS"] ?? join(homedir(), ".cache", "larder-tests");
}

/** `containerd-2.4` and its kin differ by their versions alone. */
function folderName(name: GoProgramName): string {
  return `${name.replace(/-[\d.]+$/, "")}@${PROGRAMS[name].version}`;
}

async function build(name: GoProgramName): Promise<void> {
  const { module, version, packages, tags = "" }: GoProgram = PROGRAMS[name];
  const cache = cacheFolder();
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "build-"));
  try {
    const paths = packages.map((path) => (path === "" ? module : `${module}/${path}`));
    await go(work, "mod", "init", "larder.test/programs");
    await go(work, "get", ...paths.map((path) => `${path}@${version}`));
    await go(work, "build", "-trimpath", "-ldflags=-s -w", `-tags=${tags}`, "-o", "built/", ...paths);
    const folder = join(cache, folderName(name));
    // When another run was first, its folder is as good as this one.
    await rename(join(work, "built"), folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Runs `go` in `folder`. Throws with the end of what it said. */
async function go(folder: string, ...argv: readonly string[]): Promise<void> {
  const child = Bun.spawn([findProgram("go") ?? "go", ...argv], {
    cwd: folder,
    // Static, so that they run on any root; a Go that is too old says so, and does not fetch another one.
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod", GOTOOLCHAIN: "local", GOWORK: "off" },
    stdio: ["ignore", "ignore", "pipe"],
    timeout: COMMAND_TIMEOUT_MS,
  });
  const [said, status] = await Promise.all([child.stderr.text(), child.exited]);
  if (status === 0) return;
  const why = child.signalCode === null ? said.trim().split("\n").slice(-2).join("; ") : `ended by ${child.signalCode}`;
  throw new Error(`go ${argv[0]} failed: ${why}`);
}
