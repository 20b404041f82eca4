import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { AdminClient } from "../../admin/admin-client.ts";
import { systemClock } from "../../lib/async/clock.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { findRunningLarders } from "../../remote/running/running-larders.ts";
import { openLog } from "../../server/open-log.ts";
import { serve } from "../../server/serve.ts";
import type { Settings } from "../../server/settings/settings.ts";
import { VERSION } from "../../telemetry/version.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { programPlaces } from "../own-program.ts";
import { listUntagged } from "../list-untagged.ts";
import { connectLarder } from "../registry-connection.ts";
import { removeMatching } from "../remove-matching.ts";
import { readSettingsOrFail, sourcesOf } from "../setting-flags.ts";
import { formatCollection } from "./gc.ts";
import { registrySources } from "./registry-sources.ts";

type Flags = { readonly dryRun?: true; readonly deleteUntagged?: true; readonly quiet?: true };

/** `registry garbage-collect`: registry:2's word for what larder does by itself; at once, and with manifests that have no tag. */
export function garbageCollectCommand(io: CommandIo): Command {
  const command = new Command("garbage-collect")
    .summary("give back space at once, which it also does while it runs")
    .description(
      "Give back the space of what no image needs. The larder that runs on the data folder of that file does it, and goes on serving;\n" +
        "where none runs, it is done here.",
    )
    .argument("[file]", "registry:2's config.yml, or a larder.yaml, as of serve")
    .option("-d, --dry-run", "remove nothing; with -m the manifests are listed")
    .option(
      "-m, --delete-untagged",
      "delete manifests of larder's own repositories that have no tag, and that nothing keeps",
    )
    .option("-q, --quiet", "say nothing but what is wrong");
  return command.action((file: string | undefined, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const sources = await registrySources(file, sourcesOf(command, io.environment));
      const { settings } = await readSettingsOrFail(sources);
      const folder = resolve(settings.data);
      const say = (text: string) => void (flags.quiet === true || io.stdout.write(text));
      if (existsSync(join(folder, "store.json"))) {
        await withLarder(folder, settings, io, (larder, isIdle) => collect(larder, flags, isIdle, say));
      } else say(`${folder} holds no data of larder's: there is nothing to collect\n`);
    }),
  );
}

async function collect(
  larder: AdminClient,
  { deleteUntagged, dryRun }: Flags,
  isIdle: boolean,
  say: (text: string) => void,
): Promise<void> {
  if (deleteUntagged === true) {
    const untagged = (await listUntagged(larder, "")).filter(
      ({ kind, heldBy }) => kind === "pushed" && heldBy === null,
    );
    for (const { name } of untagged) say(`manifest eligible for deletion: ${name}\n`);
    if (dryRun !== true) {
      const removals = await removeMatching(larder, untagged, false, () => {});
      const failed = removals.filter(({ status }) => status === "failed");
      if (failed.length > 0)
        throw new CommandFailure(1, failed.map(({ image, reason }) => `${image}: ${reason}`).join("\n"));
    }
  }
  if (dryRun === true) return say("nothing was removed\n");
  // Nobody is in the midst of a push where no larder runs.
  const report = await larder.call("collect", isIdle ? { graceMs: 0 } : {});
  say(formatCollection(report));
  if (report.problem !== null) throw new CommandFailure(1, report.problem);
}

/** Lets the larder that runs on the folder do it, or one of this process, which nobody else can reach. */
async function withLarder(
  folder: string,
  settings: Settings,
  io: CommandIo,
  work: (larder: AdminClient, isIdle: boolean) => Promise<void>,
): Promise<void> {
  const running = findRunningLarders(io.environment).find(({ dataFolder }) => dataFolder === folder);
  if (running !== undefined) return work(await connectLarder({ registry: running.urls[0] ?? "" }, "gc", io), false);
  const alone: Settings = {
    ...settings,
    http: [{ host: "127.0.0.1", port: 0 }],
    https: [],
    dns: [],
    clientCertificates: null,
    offline: true,
    logLevel: "warning",
    notifications: { ...settings.notifications, endpoints: [] },
  };
  const environment = {
    clock: systemClock,
    version: VERSION,
    variables: io.environment,
    program: [],
    programPlaces: programPlaces(),
  };
  const server = await serve(alone, { ...openLog(io, alone), ...environment });
  try {
    const [url = ""] = server.urls;
    await work(new AdminClient(url, fetch, io.signal, `Bearer ${server.administrator.secret}`), true);
  } finally {
    await server.stop("garbage-collect");
  }
}
