/**
 * Machines of other kinds, as far as a program notices: folders with a C library of Debian's for a kind, and qemu where the
 * processor is another one.
 *
 *     FOLDER/machines@1/ARCHITECTURE/glibc/   libc6                            FOLDER: see programs-folder.ts
 *     FOLDER/machines@1/ARCHITECTURE/musl/    musl, and libstdc++ for it out of a package of PyPI's: Debian has none
 *
 * The packages come from the mirror that apt is configured for, by a list of packages that is apart from the machine's.
 */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { hostTarget, type Target } from "../../build/target.ts";
import { findProgram } from "../debian-packages.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { PROGRAMS_FOLDER } from "../programs-folder.ts";
import { findPythonEnvironment } from "../python-environment.ts";

/** The C library of an older Debian cannot load what was linked for newer ones (DT_RELR came with musl 1.2.4). */
const SUITE = "trixie";
/** Its archives for musl have the C++ library in them, for those machines that have none. */
const WITH_CPP_LIBRARY = { name: "greenlet", version: "3.5.6" };
const MACHINES = join(PROGRAMS_FOLDER, "machines@1");
const DOWNLOAD_MS = 120_000;

/** A machine: what starts a program there, which follows with its arguments. */
export type ForeignMachine = {
  readonly start: (program: string) => readonly string[];
  /** Can a program start others there? Not where qemu stands in for the processor. */
  readonly hasChildren: boolean;
};

/** A machine of a kind; or why there is none here. */
export async function findMachine(target: Target): Promise<ForeignMachine | { readonly reason: string }> {
  const host = hostTarget();
  if (target === host) return { start: (program) => [program], hasChildren: true };
  const isEmulated = target.machine !== host.machine;
  const qemu = isEmulated ? findProgram(`qemu-${target.machine}-static`) : null;
  if (isEmulated && qemu === null)
    return { reason: `qemu-${target.machine}-static is not installed (Debian: qemu-user-static)` };
  const root = join(MACHINES, target.architecture, target.libc);
  if (!existsSync(root)) {
    const missing = ["apt-get", "dpkg-deb", "python3"].find((program) => findProgram(program) === null);
    if (missing !== undefined) return { reason: `${missing} is not installed` };
    if (process.env["LARDER_TEST_INSTALL"] === "0")
      return { reason: `there is no ${target.libc} for ${target.machine}` };
    try {
      await makeRoot(target, root);
    } catch (error) {
      const why = (error as Error).message.slice(0, 200);
      return { reason: `there is no ${target.libc} for ${target.machine}: ${why}` };
    }
  }
  if (qemu !== null) return { start: (program) => [qemu, "-L", root, program], hasChildren: false };
  if (process.getuid?.() !== 0) return { reason: `only root can enter a folder with ${target.libc}` };
  return { start: (program) => ["unshare", "--mount", "sh", "-c", ENTER, root, program], hasChildren: true };
}

/** `$0` is the folder. The program finds itself, the tests' own files and /proc in there. */
const ENTER = `set -e
for folder in /proc /dev "$(dirname "$1")" ${tmpdir()}; do
  mkdir -p "$0$folder"
  mount --rbind "$folder" "$0$folder"
done
exec chroot "$0" "$@"`;

async function makeRoot(target: Target, root: string): Promise<void> {
  await mkdir(dirname(root), { recursive: true });
  const staged = await mkdtemp(`${root}-`);
  try {
    await unpackDebian(target, staged);
    if (target.libc === "musl") await addCppLibrary(target, staged);
    await rename(staged, root);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}

async function unpackDebian({ architecture, libc }: Target, root: string): Promise<void> {
  const work = await mkdtemp(join(MACHINES, "apt-"));
  try {
    const mirror = await outputOf([
      "apt-get",
      "indextargets",
      "--format",
      "$(REPO_URI)",
      "Created-By: Packages",
      "Origin: Debian",
      "Label: Debian",
    ]);
    await writeFile(join(work, "sources.list"), `deb ${mirror.split("\n")[0]} ${SUITE} main\n`);
    for (const folder of ["lists/partial", "cache/archives/partial"])
      await mkdir(join(work, folder), { recursive: true });
    const settings = {
      "APT::Architecture": architecture,
      "APT::Architectures": architecture,
      "APT::Sandbox::User": "root",
      "Acquire::Retries": "1",
      "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
      "Dir::Etc::SourceList": join(work, "sources.list"),
      "Dir::Etc::SourceParts": "/dev/null",
      "Dir::State::Lists": join(work, "lists"),
      "Dir::State::status": "/dev/null",
      "Dir::Cache": join(work, "cache"),
    };
    const apt = ["apt-get", ...Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`])];
    await outputOf([...apt, "update"], { timeoutMs: DOWNLOAD_MS });
    await outputOf([...apt, "download", libc === "musl" ? "musl" : "libc6"], { timeoutMs: DOWNLOAD_MS, folder: work });
    for (const name of (await readdir(work)).filter((each) => each.endsWith(".deb")))
      await outputOf(["dpkg-deb", "--extract", join(work, name), root]);
    // Debian's list of folders for musl, in place of the usual /lib and /usr/lib.
    await rm(join(root, "etc"), { recursive: true, force: true });
    // Where loaders look; the packages leave it to the system that this is one folder.
    if (!existsSync(join(root, "lib"))) await symlink("usr/lib", join(root, "lib"));
  } finally {
    await rm(work, { recursive: true });
  }
}

async function addCppLibrary({ machine }: Target, root: string): Promise<void> {
  const { name, version } = WITH_CPP_LIBRARY;
  const environment = await findPythonEnvironment(name, version);
  if ("reason" in environment) throw new Error(environment.reason);
  const work = await mkdtemp(join(MACHINES, "wheel-"));
  try {
    const kind = ["--python-version", "3.12", "--implementation", "cp", "--platform", `musllinux_1_2_${machine}`];
    const pip = [join(environment.programs, "pip"), "download", "--quiet", "--no-deps", "--only-binary=:all:", ...kind];
    await outputOf([...pip, `${name}==${version}`, "--dest", work], { timeoutMs: DOWNLOAD_MS });
    const [wheel = ""] = await readdir(work);
    await outputOf([join(environment.programs, "python"), "-m", "zipfile", "--extract", join(work, wheel), work]);
    const libraries = join(work, `${name}.libs`);
    for (const file of await readdir(libraries)) {
      await cp(join(libraries, file), join(root, "lib", file));
      if (file.startsWith("libstdc++")) await symlink(file, join(root, "lib", "libstdc++.so.6"));
    }
  } finally {
    await rm(work, { recursive: true });
  }
}
