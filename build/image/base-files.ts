import { basename, posix } from "node:path";
import type { DebianPackage, PackagedFile } from "./debian-package.ts";
import { type ElfNeeds, readElfNeeds } from "./elf-needs.ts";
import { type RootFile, rootFile, rootFolder, rootLink } from "./root-files.ts";

/**
 * What of Debian stands below larder in the image: the C library and its loader, the certificate authorities, and what says
 * which Debian that is, with the licences' texts.
 */
export const DEBIAN_PACKAGES: readonly string[] = ["base-files", "ca-certificates", "libc6"];

/** The user and the group that the image runs as unless told otherwise: the number that images without root mostly have. */
export const IMAGE_USER = 65532;

/**
 * The image without larder:
 *
 * ```
 * /etc/{passwd,group,nsswitch.conf}        who there is, and that names are looked up in /etc/hosts first, then by DNS
 * /etc/os-release                          Debian's, so that scanners know whose libraries these are
 * /etc/ssl/certs/ca-certificates.crt       authorities, as Debian's ca-certificates makes it
 * /lib…, /lib64…                           the loader, and the libraries that the program names
 * /var/lib/dpkg/status.d/PACKAGE           the packages' versions, where scanners look for them
 * /var/lib/registry, /var/lib/larder       for volumes, which take their owner from here
 * /usr/share/{doc,common-licenses}/…       the packages' licences
 * /run, /tmp, /root
 * ```
 *
 * Nothing of it depends on larder's version, so that an upgrade transfers larder alone. `program` is what larder needs.
 */
export function baseFiles(packages: ReadonlyMap<string, DebianPackage>, program: ElfNeeds): readonly RootFile[] {
  const [system, authorities, library] = DEBIAN_PACKAGES.map((name) => packageNamed(packages, name));
  if (system === undefined || authorities === undefined || library === undefined) throw new Error("unreachable");
  return [
    ...accountFiles(),
    ...loadedFiles(library, program),
    rootFile("usr/lib/os-release", fileAt(system, "usr/lib/os-release").bytes),
    rootLink("etc/os-release", "../usr/lib/os-release"),
    rootFile("etc/ssl/certs/ca-certificates.crt", bundle(authorities)),
    ...[system, authorities, library].flatMap((one) => [
      rootFile(`var/lib/dpkg/status.d/${one.name}`, one.control),
      copy(one, `usr/share/doc/${one.name}/copyright`),
    ]),
    ...licencesNamedBy([system, authorities, library], system),
  ];
}

function accountFiles(): readonly RootFile[] {
  // Group 0 as well: who starts the image as some other user (--user 1000, OpenShift) is in that.
  const own = { uid: IMAGE_USER, gid: 0, mode: 0o770 };
  const people = [
    "root:x:0:0:root:/root:/usr/sbin/nologin",
    `larder:x:${IMAGE_USER}:${IMAGE_USER}:larder:/var/lib/larder:/usr/sbin/nologin`,
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
  ];
  return [
    rootFile("etc/passwd", `${people.join("\n")}\n`),
    rootFile("etc/group", `root:x:0:\nlarder:x:${IMAGE_USER}:\nnogroup:x:65534:\n`),
    rootFile("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    rootFolder("root", { mode: 0o700 }),
    rootFolder("run"),
    rootFolder("tmp", { mode: 0o1777 }),
    rootFolder("var/lib/larder", own),
    rootFolder("var/lib/registry", own),
  ];
}

/** The loader where the program asks for it, and all libraries where the loader looks for them. */
function loadedFiles(library: DebianPackage, { interpreter, libraries }: ElfNeeds): readonly RootFile[] {
  if (interpreter === null) throw new Error("larder's program names no loader");
  const loader = findLibrary(library, basename(interpreter));
  const found = new Map<string, PackagedFile>();
  const waiting = [...libraries];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    // Who was loaded by the loader has it already.
    if (found.has(name) || name === basename(interpreter)) continue;
    const file = findLibrary(library, name);
    found.set(name, file);
    waiting.push(...readElfNeeds(file.bytes).libraries);
  }
  return [
    rootFile(interpreter.slice(1), loader.bytes, { mode: 0o755 }),
    ...[...found].map(([name, { path, bytes }]) =>
      rootFile(`lib/${basename(posix.dirname(path))}/${name}`, bytes, { mode: 0o755 }),
    ),
  ];
}

/** Libraries lie in `lib/x86_64-linux-gnu`, in newer Debians below `usr`. */
function findLibrary(library: DebianPackage, name: string): PackagedFile {
  const fits = new RegExp(`^(?:usr/)?lib/[^/]+-linux-gnu/${RegExp.escape(name)}$`);
  const found = [...library.files.values()].find(({ path, entry }) => entry.type === "file" && fits.test(path));
  if (found === undefined) throw new Error(`larder's program needs ${name}, which ${library.name} does not have`);
  return found;
}

/** All authorities one after the other, in the order of their files' names, as update-ca-certificates does it. */
function bundle(authorities: DebianPackage): string {
  const files = [...authorities.files.values()].filter(({ path }) =>
    /^usr\/share\/ca-certificates\/.*\.crt$/.test(path),
  );
  if (files.length === 0) throw new Error(`${authorities.name} has no certificates`);
  const texts = files.sort((one, other) => (one.path < other.path ? -1 : 1)).map(textOf);
  return texts.map((text) => (text.endsWith("\n") ? text : `${text}\n`)).join("");
}

/** The texts of the licences that the packages' own files point to. */
function licencesNamedBy(packages: readonly DebianPackage[], system: DebianPackage): readonly RootFile[] {
  const texts = packages.map((one) => textOf(fileAt(one, `usr/share/doc/${one.name}/copyright`)));
  const named = texts.flatMap((text) => Array.from(text.matchAll(/\/(usr\/share\/common-licenses\/[\w.-]*\w)/g)));
  const found = new Map<string, RootFile>();
  const add = (path: string): void => {
    const { entry, bytes } = fileAt(system, path);
    if (entry.type !== "symlink") return void found.set(path, rootFile(path, bytes));
    found.set(path, rootLink(path, entry.linkTarget));
    add(posix.join(posix.dirname(path), entry.linkTarget));
  };
  for (const [, path = ""] of named) add(path);
  return [...found.values()];
}

function textOf({ bytes }: PackagedFile): string {
  return new TextDecoder().decode(bytes);
}

function copy(from: DebianPackage, path: string): RootFile {
  return rootFile(path, fileAt(from, path).bytes);
}

function fileAt({ name, files }: DebianPackage, path: string): PackagedFile {
  const file = files.get(path);
  if (file === undefined) throw new Error(`Debian's ${name} has no /${path}`);
  return file;
}

function packageNamed(packages: ReadonlyMap<string, DebianPackage>, name: string): DebianPackage {
  const found = packages.get(name);
  if (found === undefined) throw new Error(`Debian's ${name} is missing`);
  return found;
}
