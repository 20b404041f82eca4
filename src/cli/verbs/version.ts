import { Command } from "commander";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { formatPlatform, hostPlatform } from "../../oci/platform.ts";
import { VERSION } from "../../telemetry/version.ts";
import { versionResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";

/**
 * Said when a program is built: `bun build --define LARDER_BUILD_COMMIT='"…"'`, and the commit's date in RFC 3339. A
 * checkout says neither.
 */
declare const LARDER_BUILD_COMMIT: string | undefined;
declare const LARDER_BUILD_DATE: string | undefined;

/** `larder version`: which larder this is. */
export function versionCommand(io: CommandIo): Command {
  return new Command("version")
    .description("Print which larder this is, and what it runs on.")
    .option("--json", "as JSON")
    .option("--licenses", "print whose work is in this file, and under which terms")
    .action(async ({ json, licenses }: { readonly json?: true; readonly licenses?: true }) => {
      if (licenses === true) return io.stdout.write(await readLicences());
      const commit = typeof LARDER_BUILD_COMMIT === "undefined" ? null : LARDER_BUILD_COMMIT;
      const date = typeof LARDER_BUILD_DATE === "undefined" ? null : LARDER_BUILD_DATE;
      const platform = formatPlatform(hostPlatform());
      const told = { version: VERSION, commit, date, runtime: `bun ${Bun.version}`, platform };
      if (json === true) return writeJson(io.stdout, versionResult, told);
      const source = commit === null ? [] : [`source    ${commit}${date === null ? "" : ` of ${date}`}`];
      const lines = [`larder ${VERSION}`, ...source, `runtime   ${told.runtime}`, `platform  ${platform}`];
      io.stdout.write(`${lines.join("\n")}\n`);
    });
}

/** Only what was built has them with it. */
async function readLicences(): Promise<string> {
  const found = Bun.embeddedFiles.find((file) => "name" in file && file.name === "LICENSES.txt");
  if (found !== undefined) return found.text();
  throw new CommandFailure(1, "this larder runs from its source: npm run build writes dist/LICENSES.txt");
}
