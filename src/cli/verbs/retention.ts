import { Argument, Command } from "commander";
import type { RetentionProgress } from "../../admin/retention-schemas.ts";
import { knownCode } from "../../admin/problem.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { timeOf } from "../json/json-values.ts";
import { retentionResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { addConnectionOptions, connectLarder } from "../registry-connection.ts";
import { type Column, formatTable } from "../table.ts";

type Flags = { readonly registry?: string; readonly dryRun?: true; readonly all?: true; readonly json?: true };
type TagLine = Extract<RetentionProgress, { kind: "tag" }>;
type DoneLine = Extract<RetentionProgress, { kind: "done" }>;

/** `larder retention [run]`: which pushed tags the rules of the settings take, and why. */
export function retentionCommand(io: CommandIo): Command {
  const command = new Command("retention")
    .description(
      "Say which pushed tags the retention rules (`retention.rules` of the settings) would remove, and by which rule; with\n" +
        "`run` remove them now. larder does so by itself every hour, but not in the first day after the rules were changed.",
    )
    .addArgument(new Argument("[action]", "remove them").choices(["run"]))
    .option("--dry-run", "only say what would be removed, as without `run`")
    .option("--all", "tell of the tags that stay, too, and why")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((action: string | undefined, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const dryRun = action === undefined || flags.dryRun === true;
      const larder = await connectLarder(flags, "retention", io);
      const tags: TagLine[] = [];
      for await (const line of larder.lines("applyRetention", { dryRun, all: flags.all === true })) {
        if (line.kind === "failed") throw new RegistryError(knownCode(line.code), line.message);
        if (line.kind === "tag") tags.push(line);
        else return tell(tags, line, dryRun, flags, io);
      }
      throw new RegistryError("UNAVAILABLE", "larder broke off before it was done; its log says why");
    }),
  );
}

const COLUMNS: readonly Column[] = [
  { title: "TAG", kind: "name" },
  { title: "PUSHED (UTC)", kind: "fact" },
  { title: "PULLED (UTC)", kind: "fact" },
  { title: "RULE", kind: "fact" },
  { title: "STATUS", kind: "fact" },
  { title: "WHY", kind: "prose" },
];

function tell(tags: readonly TagLine[], done: DoneLine, dryRun: boolean, { json }: Flags, io: CommandIo): void {
  if (json === true) return writeJson(io.stdout, retentionResult, resultOf(tags, done));
  if (tags.length > 0) io.stdout.write(formatTable(COLUMNS, tags.map(cells), io.stdout.columns ?? null));
  for (const line of summaryOf(done, dryRun)) io.stderr.write(`larder: ${line}\n`);
}

function summaryOf(done: DoneLine, dryRun: boolean): readonly string[] {
  const { rules, gone, stayed, takesNothingBeforeMs, doubt } = done;
  if (rules === 0) {
    return ["there are no retention rules: nothing pushed goes by itself but what has no tag any more"];
  }
  const tags = `${gone} ${gone === 1 ? "tag" : "tags"}`;
  if (!dryRun) return [`${tags} removed; the space is given back in the background, or at once by larder gc`];
  const lines = [`${tags} would go, ${stayed} that the rules are about would stay; nothing was removed`];
  if (doubt !== null) lines.push(doubt);
  if (takesNothingBeforeMs !== null) {
    lines.push(`the rules are new: by themselves they remove nothing before ${timeOf(takesNothingBeforeMs)}`);
  }
  return lines;
}

function resultOf(tags: readonly TagLine[], { takesNothingBeforeMs, doubt, rules, gone, stayed }: DoneLine) {
  return {
    rules,
    gone,
    stayed,
    takesNothingBefore: timeOf(takesNothingBeforeMs),
    doubt,
    tags: tags.map(({ name, digest, status, rule, reason, updatedAtMs, pulledAtMs }) => {
      const times = { updatedAt: timeOf(updatedAtMs), pulledAt: timeOf(pulledAtMs) };
      return { image: name, digest, status, rule, reason, ...times };
    }),
  };
}

function cells({ name, updatedAtMs, pulledAtMs, rule, status, reason }: TagLine): readonly string[] {
  const date = (ms: number | null) => timeOf(ms)?.slice(0, 16).replace("T", " ") ?? "-";
  return [name, date(updatedAtMs), date(pulledAtMs), String(rule), status, reason];
}
