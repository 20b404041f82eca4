import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { outputOf } from "./command.ts";
import type { Programs } from "./programs.ts";
import type { ServerProcess } from "./server-process.ts";
import { startDockerRegistry } from "./servers/docker-registry.ts";
import { startLarder } from "./servers/larder.ts";
import { startNginx } from "./servers/nginx.ts";

/** How much is measured. */
export type Extent = {
  readonly rounds: number;
  /** A large layer. */
  readonly layerBytes: number;
  /** For how long requests are counted, in each round. */
  readonly rateSeconds: number;
  /** Of a large registry; each has ten blobs of its own. */
  readonly scaleImages: number;
};

export const FULL: Extent = { rounds: 5, layerBytes: 256 * 2 ** 20, rateSeconds: 5, scaleImages: 100_000 };
export const QUICK: Extent = { rounds: 3, layerBytes: 64 * 2 ** 20, rateSeconds: 1, scaleImages: 10_000 };

/** The servers under test, which all measurements share, and a place for more of them. */
export class Lab {
  readonly extent: Extent;
  readonly programs: Programs;
  readonly larder: ServerProcess;
  readonly dockerRegistry: ServerProcess;
  readonly nginx: ServerProcess;
  /** What nginx serves. */
  readonly nginxRoot: string;
  readonly #folder: string;

  private constructor(
    folder: string,
    extent: Extent,
    programs: Programs,
    servers: { larder: ServerProcess; dockerRegistry: ServerProcess; nginx: ServerProcess; nginxRoot: string },
  ) {
    this.#folder = folder;
    this.extent = extent;
    this.programs = programs;
    this.larder = servers.larder;
    this.dockerRegistry = servers.dockerRegistry;
    this.nginx = servers.nginx;
    this.nginxRoot = servers.nginxRoot;
  }

  /** Opens a lab, runs `work` in it, and leaves nothing behind. `parent` should be on a disk: larder waits for it. */
  static async use(parent: string, extent: Extent, programs: Programs, work: (lab: Lab) => Promise<void>) {
    const folder = await mkdtemp(join(parent, "larder-bench-"));
    const started: ServerProcess[] = [];
    const keep = async (server: Promise<ServerProcess>) => {
      started.push(await server);
      return server;
    };
    try {
      const nginxRoot = join(folder, "static");
      await mkdir(nginxRoot);
      const larder = await keep(startLarder(join(folder, "larder")));
      const dockerRegistry = await keep(startDockerRegistry(programs.dockerRegistry, join(folder, "docker-registry")));
      const nginx = await keep(startNginx(programs.nginx, join(folder, "nginx"), nginxRoot));
      await work(new Lab(folder, extent, programs, { larder, dockerRegistry, nginx, nginxRoot }));
    } finally {
      await Promise.all(started.map((server) => server.stop()));
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Gives `work` an empty folder on the disk, and removes it afterwards. */
  async withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(this.#folder, "round-"));
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Waits until the disk has nothing left to write of an earlier round. */
  async settle(): Promise<void> {
    await outputOf(["sync", "--file-system", this.#folder]);
  }
}
