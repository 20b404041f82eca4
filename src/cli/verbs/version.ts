import { Command } from "commander";
import type { CommandIo } from "../../lib/command/command-io.ts";
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
    .action(({ json }: { readonly json?: true }) => {
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
