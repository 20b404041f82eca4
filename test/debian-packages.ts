/**
 * Brings the real programs that the tests run against, as Debian packages.
 *
 * Nothing is started by the installation: for as long as it lasts, `/usr/sbin/policy-rc.d` tells Debian's maintainer
 * scripts not to (Debian Policy 4.6.2, section 9.3.3.1, and the invoke-rc.d manual).
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";

/** Package, and the programs in it that tests ask for by name; none: it is there for others. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  adduser: ["adduser"],
  "appc-spec": ["actool"],
  "bind9-dnsutils": ["dig"],
  buildah: ["buildah"],
  "busybox-static": ["busybox"],
  "ca-certificates": ["update-ca-certificates"],
  chromium: ["chromium"],
  conmon: ["conmon"],
  containerd: ["containerd", "ctr"],
  curl: ["curl"],
  "dnsmasq-base": ["dnsmasq"],
  "docker-registry": ["docker-registry"],
  "docker.io": ["docker", "dockerd"],
  "dpkg-dev": ["dpkg-scanpackages"],
  fish: ["fish"],
  gawk: ["gawk"],
  gcc: ["gcc"],
  gpg: ["gpg"],
  "gpg-agent": ["gpg-agent"],
  haproxy: ["haproxy"],
  iproute2: ["ip"],
  iptables: ["iptables"],
  "libarchive-tools": ["bsdtar"],
  "libc6-dev": [],
  "libfuse3-dev": [],
  lintian: ["lintian"],
  "man-db": ["man"],
  mandoc: ["mandoc"],
  "nginx-light": ["nginx"],
  openrc: ["openrc-run", "rc-service", "supervise-daemon"],
  openssl: ["openssl"],
  "original-awk": ["original-awk"],
  "pkg-config": ["pkg-config"],
  podman: ["podman"],
  prometheus: ["prometheus", "promtool"],
  rpm: ["rpm", "rpmbuild"],
  rpmlint: ["rpmlint"],
  "qemu-user-static": ["qemu-aarch64-static", "qemu-x86_64-static"],
  runc: ["runc"],
  skopeo: ["skopeo"],
  strace: ["strace"],
  systemd: ["systemctl", "systemd-analyze"],
  tar: ["tar"],
  umoci: ["umoci"],
  "util-linux": ["unshare", "nsenter"],
  zsh: ["zsh"],
  zstd: ["zstd"],
};

const POLICY_FILE = "/usr/sbin/policy-rc.d";
const APT_OPTIONS = ["-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=15", "-o", "DPkg::Lock::Timeout=60"];
const UPDATE_TIMEOUT_MS = 90_000;
const INSTALL_TIMEOUT_MS = 240_000;

/** The path of `program`, or null. Looks where root's programs are as well, since few people have that in their PATH. */
export function findProgram(program: string): string | null {
  return Bun.which(program, { PATH: `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin` });
}

/** The Debian package that brings `program`, or null when none of ours does. */
export function packageOfProgram(program: string): string | null {
  return Object.keys(PACKAGES).find((name) => PACKAGES[name]?.includes(program)) ?? null;
}

/**
 * Installs the packages of the list that are not there yet, when this is Debian (or made of it) and we are root.
 * Tells `say` what it does and why it does not. A failure is told as well and is not an error: the suites that need
 * the programs are skipped then.
 */
export function installMissingPackages(say: (line: string) => void): void {
  if (!isDebian()) return say("This is not Debian: the tests use the container clients that they find.");
  const missing = Object.keys(PACKAGES).filter((name) => !isThere(name));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0)
    return say(`Only root can install Debian packages; not installed: ${missing.join(" ")}`);
  try {
    const known = knownToApt(missing);
    if (known.length < missing.length) runApt(["update"], UPDATE_TIMEOUT_MS);
    const wanted = known.length < missing.length ? knownToApt(missing) : known;
    const unknown = missing.filter((name) => !wanted.includes(name));
    if (unknown.length > 0) say(`Not among this system's packages: ${unknown.join(" ")}`);
    if (wanted.length > 0) install(wanted, say);
  } catch (error) {
    say(`${(error as Error).message}. The suites that need these programs will be skipped.`);
  }
}

function install(packages: readonly string[], say: (line: string) => void): void {
  say(`Installing Debian packages for the tests (LARDER_TEST_INSTALL=0 says not to): ${packages.join(" ")}`);
  // --no-remove: what the machine already has stays, even when a package of ours conflicts with it.
  const argv = ["install", "--yes", "--no-install-recommends", "--no-remove", ...packages];
  withoutStartingServices(() => {
    try {
      runApt(argv, INSTALL_TIMEOUT_MS);
    } catch {
      // The lists that apt has may be older than the archive: what they name is gone from it.
      runApt(["update"], UPDATE_TIMEOUT_MS);
      runApt(argv, INSTALL_TIMEOUT_MS);
    }
  });
}

function withoutStartingServices(work: () => void): void {
  if (existsSync(POLICY_FILE)) return work();
  writeFileSync(POLICY_FILE, "#!/bin/sh\n# Written by larder's tests for the time of an installation.\nexit 101\n", {
    mode: 0o755,
  });
  try {
    work();
  } finally {
    rmSync(POLICY_FILE, { force: true });
  }
}

function runApt(argv: readonly string[], timeoutMs: number): void {
  const result = Bun.spawnSync(["apt-get", "--quiet=2", ...APT_OPTIONS, ...argv], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
  });
  if (result.success) return;
  const said = result.stderr.toString().trim().split("\n").slice(-3).join(" ");
  const why = result.exitedDueToTimeout ? `it took longer than ${timeoutMs / 1000} s` : said;
  throw new Error(`apt-get ${argv[0]} failed: ${why}`);
}

function knownToApt(packages: readonly string[]): string[] {
  return packages.filter((name) => {
    const policy = Bun.spawnSync(["apt-cache", "policy", name], { stderr: "ignore" }).stdout.toString();
    return /^ {2}Candidate: (?!\(none\))/m.test(policy);
  });
}

/** By its programs, not by the package's name: they may come from elsewhere (Docker's own packages, say). */
function isThere(name: string): boolean {
  const programs = PACKAGES[name] ?? [];
  if (programs.length > 0) return programs.every((program) => findProgram(program) !== null);
  const status = Bun.spawnSync(["dpkg-query", "--show", "--showformat=${db:Status-Status}", name], {
    stderr: "ignore",
  });
  return status.stdout.toString() === "installed";
}

function isDebian(): boolean {
  if (!existsSync("/etc/os-release") || Bun.which("apt-get") === null) return false;
  return /^ID(?:_LIKE)?=.*\bdebian\b/m.test(readFileSync("/etc/os-release", "utf8"));
}
