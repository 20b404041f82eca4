import { Command, Option } from "commander";
import type { ListedNode } from "../../admin/activity-schemas.ts";
import type { AdminClient } from "../../admin/admin-client.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { timeOf } from "../json/json-values.ts";
import { nodesResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { addConnectionOptions, connectAdmin } from "../registry-connection.ts";
import { type Column, formatTable } from "../table.ts";

const ORDERS = ["last", "first", "pulls", "bytes", "address", "runtime"] as const;
type Order = (typeof ORDERS)[number];

type Flags = { readonly registry?: string; readonly search?: string; readonly sort: Order; readonly json?: true };

/** `larder nodes`: who has pulled. */
export function nodesCommand(io: CommandIo): Command {
  const command = new Command("nodes")
    .description(
      "List who has pulled lately, by address, with the program that they pull with, by its own word. Behind a proxy that\n" +
        "larder trusts it is the client's address. The 5,000 that pulled last are kept.",
    )
    .option("--search <text>", "those alone whose address, program or last image has this in it")
    .addOption(new Option("--sort <order>", "what comes first").choices(ORDERS).default("last"))
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const { larder, host } = await connectAdmin(flags, "nodes", io);
      const nodes = await listNodes(larder, flags.sort, flags.search ?? "");
      if (flags.json === true) return writeJson(io.stdout, nodesResult, nodes.map(jsonOf));
      if (nodes.length === 0)
        return io.stderr.write(`larder: nobody has pulled from ${host} yet, as far as was asked for\n`);
      io.stdout.write(formatTable(COLUMNS, nodes.map(cells), io.stdout.columns ?? null));
    }),
  );
}

async function listNodes(larder: AdminClient, sort: Order, search: string): Promise<readonly ListedNode[]> {
  const nodes: ListedNode[] = [];
  // Names begin with a, times and figures with the most.
  const order = sort === "address" || sort === "runtime" ? "asc" : "desc";
  for (let after: string | undefined; ; ) {
    const page = await larder.call("listNodes", { sort, order, search, after, limit: 1000 });
    nodes.push(...page.nodes);
    if (page.next === null) return nodes;
    after = page.next;
  }
}

const COLUMNS: readonly Column[] = [
  { title: "ADDRESS", kind: "fact" },
  { title: "RUNTIME", kind: "fact" },
  { title: "LAST PULL (UTC)", kind: "fact" },
  { title: "PULLS", kind: "fact" },
  { title: "HITS", kind: "fact" },
  { title: "MISSES", kind: "fact" },
  { title: "BYTES", kind: "fact" },
  { title: "LAST IMAGE", kind: "name" },
];

function cells(node: ListedNode): readonly string[] {
  const { address, runtime, runtimeVersion, lastPullMs, pulls, hits, misses, bytes, lastImage } = node;
  const program = [runtime, runtimeVersion].filter((part) => part !== null).join(" ");
  const when = new Date(lastPullMs).toISOString().slice(0, 19).replace("T", " ");
  const figures = [pulls, hits, misses].map(String);
  return [address, program === "" ? "-" : program, when, ...figures, formatBytes(bytes), lastImage ?? "-"];
}

function jsonOf({ firstPullMs, lastPullMs, ...node }: ListedNode) {
  return { ...node, firstPullAt: timeOf(firstPullMs), lastPullAt: timeOf(lastPullMs) };
}
