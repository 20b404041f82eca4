import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bashCompletion } from "../../src/cli/completion/completion-bash.ts";
import { fishCompletion } from "../../src/cli/completion/completion-fish.ts";
import { zshCompletion } from "../../src/cli/completion/completion-zsh.ts";
import { describeVerb } from "../../src/cli/describe-verb.ts";
import { manPages } from "../../src/cli/man/man-pages.ts";
import { loadShownVerbs } from "../../src/cli/verbs/verb-table.ts";
import { commentedConfiguration } from "../../src/installation/commented-configuration.ts";
import { CONFIGURATION_FILE } from "../../src/installation/places.ts";
import { systemdUnit } from "../../src/installation/systemd-unit.ts";
import { CHECKOUT, type SourceVersion } from "../source-version.ts";
import { type BuiltFile, composeSpdx } from "../contents/spdx.ts";
import type { Target } from "../target.ts";
import type { PackageFile } from "./package-file.ts";

/** Where packages of one kind have what others have elsewhere. */
export type PackageLayout = {
  /** Where zsh looks for completions that packages bring. */
  readonly zshCompletions: string;
};

export const PROGRAM = "/usr/bin/larder";
export const DOCUMENTATION = "/usr/share/doc/larder";

/** What packages of every kind bring, the program included, which lies at `program` here. */
export async function packageContents(
  { zshCompletions }: PackageLayout,
  target: Target,
  source: SourceVersion,
  program: string,
): Promise<readonly PackageFile[]> {
  const nowhere = { isTerminal: false, write: () => {} };
  const io = { stdout: nowhere, stderr: nowhere, environment: {}, signal: new AbortController().signal };
  const verbs = (await loadShownVerbs(io)).map(describeVerb);
  const edition = { version: source.version, date: new Date(source.dateSeconds * 1000).toISOString().slice(0, 10) };
  const documentation = "man:larder(1) man:larder.yaml(5)";
  return [
    { path: PROGRAM, mode: 0o755, content: { sameAs: program } },
    // Passwords may stand in it: larder's group is the one that may read it.
    { path: CONFIGURATION_FILE, mode: 0o640, content: commentedConfiguration(new Map()) },
    text("/usr/lib/systemd/system/larder.service", systemdUnit({ program: PROGRAM, documentation })),
    text("/usr/share/bash-completion/completions/larder", bashCompletion(verbs)),
    text(`${zshCompletions}/_larder`, zshCompletion(verbs)),
    text("/usr/share/fish/vendor_completions.d/larder.fish", fishCompletion(verbs)),
    ...manPages(verbs, edition).map(({ file, text: page }) => packed(`/usr/share/man/${file}.gz`, page)),
    text(`${DOCUMENTATION}/larder.spdx.json`, composeSpdx(source, [await hashesOf(target, program)])),
    ...guides(),
  ];
}

async function hashesOf(target: Target, program: string): Promise<BuiltFile> {
  const bytes = await Bun.file(program).bytes();
  const hash = (algorithm: "sha1" | "sha256") => new Bun.CryptoHasher(algorithm).update(bytes).digest("hex");
  return { target, sha1: hash("sha1"), sha256: hash("sha256") };
}

/** README and guides, in the folders that they lead to each other by. */
function guides(): readonly PackageFile[] {
  const files = readdirSync(join(CHECKOUT, "docs"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(CHECKOUT.length + 1));
  return ["README.md", ...files.sort()].map((file) => ({
    path: `${DOCUMENTATION}/${file}`,
    mode: 0o644,
    content: readFileSync(join(CHECKOUT, file)),
  }));
}

export function text(path: string, content: string): PackageFile {
  return { path, mode: 0o644, content };
}

/** As `gzip -9n` packs it: with no name and no time of its own. */
export function packed(path: string, content: string | Uint8Array): PackageFile {
  return { path, mode: 0o644, content: new Uint8Array(gzipSync(content, { level: 9 })) };
}
