import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Debian's docker-registry (distribution 2.8) on a port of loopback, over a folder that stays. */
export type FolderRegistry = { readonly url: string; stop(): Promise<void> };

/** The configuration file of a registry over `root`, written to a temporary folder. */
async function configure(root: string): Promise<string> {
  const config = {
    version: "0.1",
    log: { level: "info" },
    storage: { filesystem: { rootdirectory: root }, delete: { enabled: true } },
    http: { addr: "127.0.0.1:0", secret: "test" },
  };
  const path = join(await mkdtemp(join(tmpdir(), "larder-registry-config-")), "config.yml");
  await Bun.write(path, JSON.stringify(config));
  return path;
}

/** Starts it. Throws, with what it printed, when it ends. */
export async function startOverFolder(root: string): Promise<FolderRegistry> {
  const child = Bun.spawn(["docker-registry", "serve", await configure(root)], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] },
  });
  const address = Promise.withResolvers<string>();
  const read = async (): Promise<void> => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) {
      if (text.length < 100_000) text += decoder.decode(chunk, { stream: true });
      const found = /listening on ([\d.]+:\d+)/.exec(text)?.[1];
      if (found !== undefined) address.resolve(found);
    }
    address.reject(new Error(`docker-registry ended:\n${text}`));
  };
  read().catch(address.reject);
  return {
    url: `http://${await address.promise}`,
    stop: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** Its garbage collection, which must not run while it serves. */
export async function collectFolder(root: string, ...flags: readonly string[]): Promise<void> {
  const child = Bun.spawn(["docker-registry", "garbage-collect", ...flags, await configure(root)], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] },
  });
  const errors = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`garbage-collect failed: ${errors}`);
}
