import { resolve } from "node:path";
import { Command } from "commander";
import type * as v from "valibot";
import type { ImportProgress } from "../../admin/import-schemas.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import type { ImportOptions } from "../../adoption/import-parts.ts";
import { DataFolderError } from "../../server/data-folder.ts";
import { tryParseNamespace } from "../../oci/repository-name.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { importResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { Progress } from "../progress.ts";
import { addConnectionOptions, connectLarder } from "../registry-connection.ts";

type Flags = {
  readonly registry?: string;
  readonly data?: string;
  readonly namespace?: string;
  readonly dryRun?: true;
  readonly force?: true;
  readonly taggedOnly?: true;
  readonly json?: true;
};
type Result = v.InferOutput<typeof importResult>;
type Done = Extract<ImportProgress, { kind: "done" }>;

/** As many problems as a result in JSON has. */
const LISTED = 1000;

/** `larder import-registry`: takes over the folder of another registry. */
export function importRegistryCommand(io: CommandIo): Command {
  const command = new Command("import-registry")
    .argument("<folder>", "what registry:2 has as /var/lib/registry, on larder's machine")
    .description(
      "Take over all images of a registry:2 or registry:3 from its folder, while larder serves, and while that registry still runs. Nothing is written to the folder. Every file is compared with its digest; it is cloned or hard-linked where it can be, else copied. Names such as quay.io/org/app become images of that registry, the others those of larder itself. What is here already costs a look: run it again after an interruption, or to bring what is new. Exit status 1: something is broken there, and was left out; 3: tags that are on something else here stayed.",
    )
    .option("--namespace <host>", "the registry that names belong to that say none (default local)")
    .option("--dry-run", "read and compare everything, and write nothing")
    .option("--force", "move tags that are on something else here")
    .option("--tagged-only", "leave manifests without a tag, save what tags lead to and what is attached")
    .option("--data <folder>", "a larder's data folder, for one that does not run")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((folder: string, flags: Flags) =>
    failingPlainly(io.signal, () => importRegistry(folder, flags, io)),
  );
}

async function importRegistry(folder: string, flags: Flags, io: CommandIo): Promise<void> {
  const { namespace, json } = flags;
  if (namespace !== undefined && tryParseNamespace(namespace) === null) {
    throw new CommandFailure(2, `--namespace ${namespace}: it is a registry's host, such as docker.io, or local`);
  }
  const progress = new Progress(io.stderr, () => performance.now());
  const [problems, kept]: [Result["first"], Result["kept"]] = [[], []];
  let done: Done | null = null;
  progress.begin("import", "reading", null);
  try {
    for await (const event of await linesOf(folder, flags, io)) {
      switch (event.kind) {
        case "failed":
          throw new CommandFailure(1, event.message);
        case "progress":
          progress.update("import", event.bytes);
          break;
        case "problem":
          if (problems.length < LISTED) problems.push({ image: event.image, file: event.file, what: event.what });
          if (json !== true) io.stdout.write(`${event.image ?? event.file}\t${event.what}${fileOf(event)}\n`);
          break;
        case "kept":
          if (kept.length < LISTED)
            kept.push({ image: event.image, here: event.here, there: event.there, why: event.why });
          if (json !== true)
            io.stdout.write(`${event.image}\tstays on ${event.here}; there it is on ${event.there}: ${event.why}\n`);
          break;
        case "done":
          done = event;
          break;
        default:
          event satisfies never;
      }
    }
  } finally {
    progress.close();
  }
  if (done === null) throw new CommandFailure(1, "larder ended before the import did; run it again, it goes on");
  const { kind: _, ...counts } = done;
  const status = done.problems > 0 ? "lacking" : done.tagsKept > 0 ? "kept" : "whole";
  const result: Result = { status, dryRun: flags.dryRun === true, ...counts, kept, first: problems };
  if (json === true) writeJson(io.stdout, importResult, result);
  else io.stdout.write(describe(result));
  if (status !== "whole") throw new CommandFailure(status === "lacking" ? 1 : 3, "");
}

/** From the larder that runs, or, with --data, from this very process. */
async function linesOf(folder: string, flags: Flags, io: CommandIo): Promise<AsyncIterable<ImportProgress>> {
  const { data, namespace, force = false, dryRun = false, taggedOnly = false } = flags;
  const how = { force, dryRun, taggedOnly };
  if (data !== undefined) {
    const place = namespace === undefined ? null : tryParseNamespace(namespace);
    return importHere(
      data,
      resolve(folder),
      { ...how, namespace: place, cause: { who: null, from: null, requestId: null } },
      io,
    );
  }
  const larder = await connectLarder(flags, "import-registry", io);
  return larder.lines("importRegistry", {
    folder: resolve(folder),
    ...how,
    ...(namespace === undefined ? {} : { namespace }),
  });
}

/** Imports in this process. What it says on its way is handed on as it comes. */
async function* importHere(
  data: string,
  folder: string,
  options: ImportOptions,
  io: CommandIo,
): AsyncGenerator<ImportProgress, void, void> {
  const { importIntoFolder } = await import("../../server/import-into-folder.ts");
  const log = { write: (_: string, what: string) => io.stderr.write(`larder: ${what}\n`) };
  let waiting: ImportProgress[] = [];
  // What fails while nobody waits is seen by who waits next.
  const another = () => {
    const made = Promise.withResolvers<void>();
    made.promise.catch(() => {});
    return made;
  };
  let next = another();
  const tell = (event: ImportProgress) => {
    waiting.push(event);
    next.resolve();
  };
  const done = importIntoFolder(data, log)(folder, options, tell, io.signal).then(
    (counts) => tell({ kind: "done", ...counts }),
    (error: unknown) => next.reject(plain(error)),
  );
  for (let isDone = false; !isDone; ) {
    await next.promise;
    next = another();
    const events = waiting;
    waiting = [];
    isDone = events.at(-1)?.kind === "done";
    yield* events;
  }
  await done;
}

function plain(error: unknown): unknown {
  return error instanceof DataFolderError ? new CommandFailure(1, error.message, { cause: error }) : error;
}

function fileOf({ image, file }: { readonly image: string | null; readonly file: string | null }): string {
  return image === null || file === null ? "" : ` (${file})`;
}

function describe(result: Result): string {
  const { dryRun, repositories, manifests, tags, tagsHere, tagsKept, blobs, bytes, shared, sparse, problems } = result;
  const were = dryRun ? "would be set" : "set";
  const lines = [
    `${repositories} repositories: ${tags} tags ${were}, ${tagsHere} were here; ${manifests} manifests, ${blobs} blobs of ${formatBytes(bytes)} read` +
      (shared > 0 ? `, ${shared} of them share their space with the folder's files` : ""),
    ...(sparse > 0 ? [`${sparse} indexes lack some of what they list`] : []),
    ...(tagsKept > 0 ? [`${tagsKept} tags are on something else here and stay; --force moves them`] : []),
    ...(problems > 0 ? [`${problems} things are broken there; what is named above was left out or mended`] : []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
