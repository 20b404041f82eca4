import { Command } from "commander";
import type { GivenUpNotification, ListedEndpoint } from "../../admin/notification-schemas.ts";
import type { AdminClient } from "../../admin/admin-client.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { timeOf } from "../json/json-values.ts";
import { endpointsResult, failedNotifications, movedNotifications } from "../json/notification-results.ts";
import { writeJson } from "../json/write-json.ts";
import { addConnectionOptions, connectAdmin } from "../registry-connection.ts";
import { type Column, formatTable } from "../table.ts";

type Flags = { readonly registry?: string; readonly json?: true; readonly all?: true };

const OF_ONE = "the endpoint's name in the settings; of all, when left out";

/** `larder notifications ls`, `failed`, `retry`, `drop`: who is notified, and how that goes. */
export function notificationsCommand(io: CommandIo): Command {
  return new Command("notifications")
    .description("Look after the notifications that larder sends to other systems (docs/notifications.md).")
    .addCommand(lsCommand(io))
    .addCommand(failedCommand(io))
    .addCommand(retryCommand(io))
    .addCommand(dropCommand(io));
}

function lsCommand(io: CommandIo): Command {
  const command = new Command("ls")
    .description("List the endpoints, with what waits for each and why it does.")
    .summary("the endpoints, and what waits for each")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const { larder } = await connectAdmin(flags, "notifications ls", io);
      const { endpoints } = await larder.call("listEndpoints", {});
      if (flags.json === true) return writeJson(io.stdout, endpointsResult, endpoints.map(endpointJson));
      if (endpoints.length === 0) return io.stderr.write("larder: no endpoint is set (notifications.endpoints)\n");
      io.stdout.write(formatTable(ENDPOINT_COLUMNS, endpoints.map(endpointCells), io.stdout.columns ?? null));
    }),
  );
}

function failedCommand(io: CommandIo): Command {
  const command = new Command("failed")
    .description(
      "List the notifications that were given up, the newest first. The last 1000 of each endpoint are kept.",
    )
    .summary("the notifications that were given up")
    .argument("[endpoint]", OF_ONE)
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((endpoint: string | undefined, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const { larder } = await connectAdmin(flags, "notifications failed", io);
      const failed = await listFailed(larder, endpoint);
      if (flags.json === true) return writeJson(io.stdout, failedNotifications, failed.map(failedJson));
      if (failed.length === 0) return io.stderr.write("larder: no notification was given up\n");
      io.stdout.write(formatTable(FAILED_COLUMNS, failed.map(failedCells), io.stdout.columns ?? null));
    }),
  );
}

function retryCommand(io: CommandIo): Command {
  const command = new Command("retry")
    .description("Try at once what waits, and let what was given up wait again, in its old place.")
    .summary("try again, at once")
    .argument("[endpoint]", OF_ONE)
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((endpoint: string | undefined, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const { larder } = await connectAdmin(flags, "notifications retry", io);
      const { retried } = await larder.call("retryNotifications", { endpoint });
      if (flags.json === true) return writeJson(io.stdout, movedNotifications, { notifications: retried });
      io.stderr.write(`larder: ${retried} that were given up wait again; what waits is tried now\n`);
    }),
  );
}

function dropCommand(io: CommandIo): Command {
  const command = new Command("drop")
    .description("Remove the notifications of an endpoint that were given up.")
    .summary("remove what was given up")
    .argument("<endpoint>", "its name in the settings")
    .option("--all", "and what still waits for it")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((endpoint: string, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const { larder } = await connectAdmin(flags, "notifications drop", io);
      const what = flags.all === true ? "all" : "given-up";
      const { removed } = await larder.call("dropNotifications", { endpoint, what });
      if (flags.json === true) return writeJson(io.stdout, movedNotifications, { notifications: removed });
      io.stderr.write(`larder: ${removed} removed\n`);
    }),
  );
}

async function listFailed(larder: AdminClient, endpoint: string | undefined): Promise<readonly GivenUpNotification[]> {
  const failed: GivenUpNotification[] = [];
  for (let before: number | undefined; ; ) {
    const page = await larder.call("listGivenUp", { endpoint, before, limit: 1000 });
    failed.push(...page.notifications);
    if (page.next === null) return failed;
    before = page.next;
  }
}

const ENDPOINT_COLUMNS: readonly Column[] = [
  { title: "ENDPOINT", kind: "name" },
  { title: "WAITING", kind: "fact" },
  { title: "GIVEN UP", kind: "fact" },
  { title: "DROPPED", kind: "fact" },
  { title: "DELIVERED", kind: "fact" },
  { title: "STATE", kind: "prose" },
];

function endpointCells(one: ListedEndpoint): readonly string[] {
  const { endpoint, waiting, givenUp, dropped, delivered, isActive, url, failure, failingSinceMs } = one;
  const since = failingSinceMs === null ? "" : ` (since ${minuteOf(failingSinceMs)} UTC)`;
  const idle = url === null ? "not in the settings any more" : "disabled";
  const state = !isActive ? idle : failure === null ? "well" : `${failure}${since}`;
  return [endpoint, `${waiting}`, `${givenUp}`, `${dropped}`, `${delivered}`, state];
}

const FAILED_COLUMNS: readonly Column[] = [
  { title: "WHEN (UTC)", kind: "fact" },
  { title: "ENDPOINT", kind: "name" },
  { title: "KIND", kind: "fact" },
  { title: "OF WHAT", kind: "name" },
  { title: "WHY", kind: "prose" },
];

function failedCells({ atMs, endpoint, kind, subject, failure }: GivenUpNotification): readonly string[] {
  return [minuteOf(atMs), endpoint, kind, subject ?? "-", failure];
}

function endpointJson({ failingSinceMs, takenAtMs, ...endpoint }: ListedEndpoint) {
  const maybe = (ms: number | null) => (ms === null ? null : timeOf(ms));
  return { ...endpoint, failingSince: maybe(failingSinceMs), takenAt: maybe(takenAtMs) };
}

function failedJson({ atMs, givenUpAtMs, ...failed }: GivenUpNotification) {
  return { ...failed, at: timeOf(atMs), givenUpAt: timeOf(givenUpAtMs) };
}

function minuteOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16).replace("T", " ");
}
