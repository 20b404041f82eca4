import { Command } from "commander";
import { DOCKER_HUB } from "../../oci/repository-name.ts";
import type { ImageRegistry } from "../../remote/image-registry.ts";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly, readArgument } from "../failing-plainly.ts";
import { timeOf } from "../json/json-values.ts";
import { listedPins, pinnedResults } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { pinsNamed } from "../pin-name.ts";
import { addConnectionOptions, connect, connectLarder } from "../registry-connection.ts";
import { type Column, formatTable } from "../table.ts";

type Flags = { readonly registry?: string; readonly json?: true };

/** `larder pin IMAGE|PATTERN…`, `larder pin ls`: what is never given up by itself. */
export function pinCommand(io: CommandIo): Command {
  const command = new Command("pin")
    .description(
      "Keep images, whatever becomes of the disk: what is pinned is never evicted, and no rule removes it; 'larder rm' does.\n" +
        "A star stands for any run of characters without a slash, two for any at all. A name without a tag means all of its\n" +
        "tags. What is pinned need not be here yet.",
    )
    .argument("<image...>", "nginx:1.27, 'quay.io/coreos/*', 'team/**:v1.*', quay.io/coreos/etcd@sha256:…")
    .option("--json", "as JSON")
    .addCommand(pinLsCommand(io));
  return addConnectionOptions(command).action((images: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      checkPins(images);
      const [registry, larder] = [await connect(flags, io), await connectLarder(flags, "pin", io)];
      const results: { pin: string; status: "pinned" | "unchanged" }[] = [];
      for (const image of images) {
        const { pin, isChanged } = await larder.call("addPin", { pin: await pinMeant(image, registry) });
        results.push({ pin, status: isChanged ? "pinned" : "unchanged" });
        io.stderr.write(`${pin}: ${isChanged ? "pinned" : "was pinned already"}\n`);
      }
      if (flags.json === true) writeJson(io.stdout, pinnedResults, results);
    }),
  );
}

/** Of the images that a name may mean the one that is there; when there is none, the last one, as of `larder rm`. */
async function pinMeant(image: string, registry: ImageRegistry): Promise<string> {
  const pins = pinsNamed(image, registry.unqualified);
  for (const pin of pins.slice(0, -1)) {
    const rows = (await registry.list(pin.split("@")[0] ?? pin)) ?? [];
    const isThere = rows.some(({ name, digest }) =>
      pin.includes("@")
        ? pin === `${name.slice(0, name.lastIndexOf(":"))}@${digest}`
        : name === pin || name.startsWith(`${pin}:`),
    );
    if (isThere) return pin;
  }
  return pins.at(-1) ?? image;
}

/** Fails as wrong usage, before anything has changed. */
export function checkPins(images: readonly string[]): void {
  for (const image of images) {
    readArgument(() => pinsNamed(image, [DOCKER_HUB]));
  }
}

const COLUMNS: readonly Column[] = [
  { title: "PIN", kind: "name" },
  { title: "SINCE (UTC)", kind: "fact" },
  { title: "BY", kind: "prose" },
];

function pinLsCommand(io: CommandIo): Command {
  const command = new Command("ls").description("List the pins.").summary("list the pins").option("--json", "as JSON");
  return addConnectionOptions(command).action(() =>
    failingPlainly(io.signal, async () => {
      // The options of `pin` are read before those of `ls`.
      const flags = command.optsWithGlobals<Flags>();
      const larder = await connectLarder(flags, "pin ls", io);
      const { pins } = await larder.call("listPins", {});
      if (flags.json === true) {
        const rows = pins.map(({ pin, addedAtMs, who }) => ({ pin, addedAt: timeOf(addedAtMs), who }));
        return writeJson(io.stdout, listedPins, rows);
      }
      if (pins.length === 0) return io.stderr.write("larder: nothing is pinned\n");
      const cells = pins.map(({ pin, addedAtMs, who }) => [pin, minuteOf(addedAtMs), who ?? "-"]);
      io.stdout.write(formatTable(COLUMNS, cells, io.stdout.columns ?? null));
    }),
  );
}

function minuteOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16).replace("T", " ");
}
