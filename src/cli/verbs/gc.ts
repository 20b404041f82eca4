import { Command } from "commander";
import type { Collection, CollectRequest } from "../../admin/server-schemas.ts";
import { tryParseDuration } from "../../lib/text/duration.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { collectionResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { addConnectionOptions, connectLarder } from "../registry-connection.ts";

type Flags = {
  readonly registry?: string;
  readonly grace?: string;
  readonly setAside?: true;
  readonly aside?: string | true;
  readonly json?: true;
};

/** Long enough for somebody to notice that an image is not to be had, and to find out why. */
const GIVE_UP_AFTER = "30d";

/** `larder gc`: gives back the space of what nothing needs any more. */
export function gcCommand(io: CommandIo): Command {
  const command = new Command("gc")
    .description(
      "Give back the space of blobs that no image needs any more. What a push in flight may need stays for the grace\n" +
        "period; what was removed does not. Files that the database does not know are not deleted but set aside, in aside/\n" +
        "of the data folder, and when it does not know many, nothing is collected at all. Exit status 1: that is so.",
    )
    .option("--grace <duration>", "for how long blobs stay whose manifest has not come (default the server's, 1h)")
    .option("--set-aside", "set files aside that the database does not know, however many they are")
    .option("--aside [duration]", `delete what was set aside so long ago (default ${GIVE_UP_AFTER})`)
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const request = requestOf(flags);
      const larder = await connectLarder(flags, "gc", io);
      const report = await larder.call("collect", request);
      const { problem: reason, ...counts } = report;
      const status = reason === null ? "done" : "refused";
      if (flags.json === true) writeJson(io.stdout, collectionResult, { status, reason, ...counts });
      else io.stdout.write(formatCollection(report));
      if (report.problem !== null) throw new CommandFailure(1, report.problem);
    }),
  );
}

function requestOf({ grace, setAside, aside }: Flags): CollectRequest {
  const giveUpAfter = aside === true ? GIVE_UP_AFTER : aside;
  return {
    graceMs: parse("--grace", grace),
    giveUpAfterMs: parse("--aside", giveUpAfter),
    ...(setAside === true ? { setAsideAll: true } : {}),
  };
}

function parse(flag: string, text: string | undefined): number | undefined {
  const durationMs = text === undefined ? undefined : tryParseDuration(text);
  if (durationMs === null) throw new CommandFailure(2, `${flag} ${text}: write a duration such as 30s, 5m or 1h`);
  return durationMs;
}

/** What a collection has given back, for people. */
export function formatCollection({
  blobs,
  bytes,
  manifests,
  tags,
  notice,
  setAside,
  broughtBack,
  givenUp,
}: Collection): string {
  const lines = [`${formatBytes(bytes)} given back: ${blobs} blobs, ${manifests} manifests`];
  if (tags > 0) lines.push(`${tags} tags removed by the retention rules`);
  if (notice !== null) lines.push(notice);
  if (setAside > 0) lines.push(`${setAside} files without a record set aside`);
  if (broughtBack > 0) lines.push(`${broughtBack} files brought back, since they have a record again`);
  if (givenUp > 0) lines.push(`${givenUp} files deleted that had been set aside`);
  return `${lines.join("\n")}\n`;
}
