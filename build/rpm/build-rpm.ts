import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sysusersFile } from "../../src/installation/account-files.ts";
import { DATA_FOLDER } from "../../src/installation/places.ts";
import { buildBinary } from "../build-binary.ts";
import { composeLicences } from "../contents/licences.ts";
import { DOCUMENTATION, packageContents, text } from "../packages/package-contents.ts";
import { type PackageFile, writeTree } from "../packages/package-file.ts";
import { rpmVersion } from "../packages/package-versions.ts";
import { runTool } from "../packages/run-tool.ts";
import { CHECKOUT, type SourceVersion } from "../source-version.ts";
import type { Target } from "../target.ts";
import { rpmSpec, type RpmScripts } from "./spec.ts";

/**
 * Builds larder's RPM package for a target into `folder`, and returns its path. `small`: takes minutes; `quick`: for tests.
 * The bytes depend on the checkout, the version, the runtime and rpmbuild alone. Throws an Error that tells what failed.
 */
export async function buildRpm(
  target: Target,
  source: SourceVersion,
  folder: string,
  packing: "small" | "quick",
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, ".rpm-"));
  const { version, release } = rpmVersion(source.version);
  const name = `larder-${version}-${release}.${target.machine}.rpm`;
  try {
    const program = join(work, "larder");
    await buildBinary(target, source, program);
    const files = [...(await packageContents(RPM, target, source, program)), ...(await rpmFiles())];
    const root = join(work, "root");
    await mkdir(join(root, DATA_FOLDER), { recursive: true });
    await writeTree(files, root, source.dateSeconds);
    const spec = join(work, "larder.spec");
    const payload = packing === "small" ? "w19.zstdio" : "w1.zstdio";
    await writeFile(spec, rpmSpec(source, files, await readScripts(), { root, payload }));
    runTool(["rpmbuild", "-bb", `--target=${target.machine}`, "--define", `_topdir ${join(work, "top")}`, spec], {
      HOME: work,
      SOURCE_DATE_EPOCH: String(source.dateSeconds),
    });
    await rename(join(work, "top", "RPMS", target.machine, name), join(folder, name));
  } finally {
    await rm(work, { recursive: true });
  }
  return join(folder, name);
}

const RPM = { zshCompletions: "/usr/share/zsh/site-functions" };

async function rpmFiles(): Promise<readonly PackageFile[]> {
  return [
    text("/usr/lib/sysusers.d/larder.conf", sysusersFile()),
    text("/usr/share/licenses/larder/LICENSES.txt", composeLicences()),
    text(`${DOCUMENTATION}/CHANGELOG.md`, await readFile(join(CHECKOUT, "CHANGELOG.md"), "utf8")),
  ];
}

async function readScripts(): Promise<RpmScripts> {
  const read = (name: string) => readFile(join(import.meta.dir, `${name}.sh`), "utf8");
  return { pre: await read("pre"), post: await read("post"), preun: await read("preun"), postun: await read("postun") };
}
