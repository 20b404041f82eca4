/** What tests of packages of every kind need: a machine, a built package, and what is looked at on the machine. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { CHECKOUT, readSourceVersion, type SourceVersion } from "../../build/source-version.ts";
import { testImage, writeLayout } from "../../src/images/test-image.fixture.ts";
import { type Requirement, requirement, unmet } from "../requirement.ts";
import type { BootedMachine } from "./booted-machine.ts";

/** A version with a word behind it, which packages spell in another way. */
export const SOURCE: SourceVersion = { ...readSourceVersion({}), version: "1.0.0-rc.1" };

/** What a machine that boots needs, besides these. */
export function machineRequirement(...needs: readonly string[]): Requirement {
  const lab = requirement("root", "namespaces", "setpriv", "mount", "ip", "systemctl", ...needs);
  return lab.met && !existsSync("/lib/systemd/systemd") ? unmet("systemd is not installed") : lab;
}

/** Pushes an image with the installed program, and pulls it again; returns its digest. */
export async function pushAndPull(machine: BootedMachine, folder: string, address: string): Promise<string> {
  const image = await testImage(["hello"]);
  const layout = join(folder, "layout");
  if (!existsSync(layout)) await writeLayout(layout, [{ image, name: "1" }]);
  await machine.exec(["larder", "upload", "--registry", address, "--as", "lab/hello:1", `oci:${layout}:1`]);
  await machine.exec(["larder", "has", "--registry", address, "lab/hello:1"]);
  return await digestOf(machine, address);
}

export function digestOf(machine: BootedMachine, address: string): Promise<string> {
  return machine.shell(`curl -fsS http://${address}/v2/lab/hello/manifests/1 | sha256sum`);
}

/**
 * Files that were written on the machine, and folders that were made; but for those of package managers' own records, of
 * accounts, of caches and logs, and the folder of the test.
 */
export async function listWritten(machine: BootedMachine, folder: string): Promise<ReadonlySet<string>> {
  const output = await machine.exec(["find", join(folder, "written"), "-printf", "%y /%P\\n"]);
  const isOwn = (path: string) => path.startsWith(tmpdir()) || folder.startsWith(path);
  const written = output.split("\n").filter((line) => {
    const path = line.slice(2);
    // In a folder of the machine outside, something was written.
    const isNew = !line.startsWith("d") || !existsSync(path);
    return path !== "" && isNew && !isOwn(path) && !UNRELATED.test(path);
  });
  return new Set(written.map((line) => line.slice(2)));
}

const UNRELATED =
  /^\/root\/\.rpmdb\b|^\/var\/(?:lib\/(?:dpkg|rpm|systemd\/(?:catalog|timers|random-seed))|log|cache)\b|^\/etc\/(?:\.pwd\.lock|(?:passwd|g?shadow|group|sub[ug]id)-?)$/;

/** Names of the machine that builds: nothing that is shipped may hold one. */
export function ownPaths(work: string): readonly string[] {
  return [CHECKOUT.replace(/\/$/, ""), work, homedir() === "/root" ? "" : homedir()].filter((path) => path.length > 4);
}

/** The files below a folder, as paths that begin with a slash. */
export async function filesBelow(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort();
}

/** Which of the files below `root` hold one of these texts. */
export async function filesHolding(root: string, texts: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of await filesBelow(root)) {
    const bytes = Buffer.from(await Bun.file(join(root, path)).arrayBuffer());
    const plain = path.endsWith(".gz") ? Buffer.from(Bun.gunzipSync(bytes)) : bytes;
    if (texts.some((text) => plain.includes(text))) found.push(path);
  }
  return found;
}
