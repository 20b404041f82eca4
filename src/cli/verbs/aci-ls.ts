import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { type AciSummary, readAciManifest } from "../../aci/convert/read-aci-manifest.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { failingOnAci } from "../failing-on-aci.ts";
import { listedAcis } from "../json/file-results.ts";
import { writeJson } from "../json/write-json.ts";

type ListedAci = AciSummary & { readonly file: string; readonly sizeBytes: number; readonly isSigned: boolean };

/** `larder aci ls`: lists ACI files. */
export function aciLsCommand(io: CommandIo): Command {
  return new Command("ls")
    .summary("list ACI files: name, version, platform, size, whether they are signed")
    .argument("[path...]", "files, and folders whose *.aci are meant", ["."])
    .option("--json", "the list as JSON")
    .action((paths: string[], flags: { readonly json?: boolean }) =>
      failingOnAci(io.signal, async () => {
        const listed: ListedAci[] = [];
        for (const file of await aciFiles(paths)) {
          io.signal.throwIfAborted();
          listed.push(await listFile(file));
        }
        if (flags.json === true) writeJson(io.stdout, listedAcis, listed);
        else io.stdout.write(listed.map(formatLine).join(""));
      }),
    );
}

async function aciFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    if (!(await stat(path)).isDirectory()) files.push(path);
    else files.push(...(await readdir(path)).filter((name) => name.endsWith(".aci")).map((name) => join(path, name)));
  }
  return files.toSorted();
}

async function listFile(file: string): Promise<ListedAci> {
  const content = Bun.file(file);
  const summary = await readAciManifest(content.stream(), file);
  return { ...summary, file, sizeBytes: content.size, isSigned: await Bun.file(`${file}.asc`).exists() };
}

function formatLine({ name, version, os, arch, sizeBytes, isSigned, file }: ListedAci): string {
  const platform = `${os ?? "-"}/${arch ?? "-"}`;
  return `${[name, version ?? "-", platform, sizeBytes, isSigned ? "signed" : "-", file].join("\t")}\n`;
}
