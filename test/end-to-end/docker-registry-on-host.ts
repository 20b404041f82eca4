import { join } from "node:path";
import type { LabDaemon } from "./lab-daemon.ts";
import type { LabHost } from "./lab-host.ts";

const START_TIMEOUT_MS = 20_000;

/** The one who may read and write a registry that asks for a password. */
export type RegistryUser = { readonly username: string; readonly password: string };

/** Starts Debian's docker-registry on a port of a host; only `user` gets in, or everybody when there is none. */
export async function startDockerRegistry(
  host: LabHost,
  port: number,
  user: RegistryUser | null = null,
): Promise<LabDaemon> {
  const folder = join(host.folder, `registry-${port}`);
  const passwords = join(folder, "passwords");
  const configuration = {
    version: "0.1",
    log: { level: "info" },
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    http: { addr: `:${port}`, secret: "lab" },
    ...(user === null ? {} : { auth: { htpasswd: { realm: "lab", path: passwords } } }),
  };
  if (user !== null) {
    const hash = await Bun.password.hash(user.password, { algorithm: "bcrypt", cost: 4 });
    await host.writeFile(passwords, `${user.username}:${hash}\n`);
  }
  await host.writeFile(join(folder, "config.yml"), JSON.stringify(configuration));
  const daemon = host.start(["docker-registry", "serve", join(folder, "config.yml")]);
  await daemon.printed(/listening on /, START_TIMEOUT_MS);
  return daemon;
}
