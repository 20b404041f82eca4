import { join } from "node:path";
import { alternate } from "../alternate.ts";
import { outputOf } from "../command.ts";
import type { Measurement } from "../measurement.ts";
import { milliseconds, type Row, times } from "../row.ts";
import { startDockerRegistry } from "../servers/docker-registry.ts";
import { LARDER, startLarder } from "../servers/larder.ts";
import type { ServerProcess } from "../server-process.ts";
import { median } from "../stats.ts";

/** From the start of a process, with an empty data folder, to its first answer; and the shortest of all commands. */
export const start: Measurement = {
  name: "start",
  async run(lab) {
    const serve = (begin: (folder: string) => Promise<ServerProcess>) => () =>
      lab.withFolder(async (folder) => {
        const server = await begin(folder);
        await server.stop();
        return server.startMs;
      });
    const servers = await alternate(lab.extent.rounds, {
      larder: serve((folder) => startLarder(join(folder, "data"))),
      dockerRegistry: serve((folder) => startDockerRegistry(lab.programs.dockerRegistry, folder)),
    });
    const versions = await alternate(lab.extent.rounds, {
      larder: () => timeOf([LARDER, "--version"]),
      dockerRegistry: () => timeOf([lab.programs.dockerRegistry, "--version"]),
    });
    return [row("start to first answer", servers), row("--version", versions)];
  },
};

function row(what: string, samples: Record<"larder" | "dockerRegistry", readonly number[]>): Row {
  const [mine, theirs] = [median(samples.larder), median(samples.dockerRegistry)];
  return {
    what,
    larder: milliseconds(mine),
    beside: `docker-registry ${milliseconds(theirs)}`,
    figure: `wall ${times(mine / theirs)}`,
    goal: "",
    met: null,
  };
}

async function timeOf(argv: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  await outputOf(argv);
  return performance.now() - startedMs;
}
