/**
 * `npm run bench`: larder beside docker-registry and nginx, on this machine's loopback, in turns; medians.
 *
 * `npm run bench -- --quick` measures less of everything; `npm run bench -- NAME…` measures what it names. The table
 * goes to standard output, progress to standard error. Data lies under LARDER_BENCH_FOLDER, which is /var/tmp unless
 * set: on a disk, for larder waits for it. LARDER_BENCH_PROGRAM is the larder to measure, when not this checkout's.
 */
import { FULL, Lab, QUICK } from "./lab.ts";
import { describeMachine } from "./machine.ts";
import type { Measurement } from "./measurement.ts";
import { blobGet } from "./measurements/blob-get.ts";
import { blobPush } from "./measurements/blob-push.ts";
import { coldPull } from "./measurements/cold-pull.ts";
import { fanOut } from "./measurements/fan-out.ts";
import { manifestRate } from "./measurements/manifest-rate.ts";
import { peakMemory } from "./measurements/peak-memory.ts";
import { scale } from "./measurements/scale.ts";
import { skopeoPull } from "./measurements/skopeo-pull.ts";
import { slowReaders } from "./measurements/slow-readers.ts";
import { smallBlobs } from "./measurements/small-blobs.ts";
import { start } from "./measurements/start.ts";
import { findPrograms } from "./programs.ts";
import type { Row } from "./row.ts";
import { formatTable } from "./table.ts";

/** In their order: the peak of memory is that of the measurements before it. */
const MEASUREMENTS: readonly Measurement[] = [
  manifestRate,
  blobGet,
  blobPush,
  smallBlobs,
  peakMemory,
  coldPull,
  skopeoPull,
  fanOut,
  slowReaders,
  start,
  scale,
];

async function main(argv: readonly string[]): Promise<void> {
  const chosen = chooseMeasurements(argv.filter((word) => word !== "--quick"));
  const extent = argv.includes("--quick") ? QUICK : FULL;
  const programs = findPrograms();
  const rows: Row[] = [];
  await Lab.use(process.env["LARDER_BENCH_FOLDER"] ?? "/var/tmp", extent, programs, async (lab) => {
    for (const { name, run } of chosen) {
      process.stderr.write(`${name} …\n`);
      rows.push(...(await run(lab)));
    }
  });
  const notes = programs.wrk === null ? ["wrk is not here: a slower generator on Bun counted the requests"] : [];
  const facts = [...(await describeMachine(programs)), `medians of ${extent.rounds} alternating rounds`, ...notes];
  console.log(`${formatTable(rows)}\n\n${facts.map((fact) => `- ${fact}`).join("\n")}`);
}

function chooseMeasurements(names: readonly string[]): readonly Measurement[] {
  const known = MEASUREMENTS.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(", ")}; there are ${known.join(", ")}`);
  return names.length === 0 ? MEASUREMENTS : MEASUREMENTS.filter(({ name }) => names.includes(name));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
