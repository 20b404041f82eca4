import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Certificate } from "./transport/certificate.fixture.ts";

/** Debian's docker-registry (distribution), on a port of loopback, with its data in a folder of its own. */
export type DockerRegistry = { readonly url: string; stop(): Promise<void> };

export const hasDockerRegistry = Bun.which("docker-registry") !== null;

/** Who may do what: everybody, whoever knows a password, or whoever has a token. */
export type DockerRegistryAuth =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "token"; readonly realm: string; readonly cert: string };

/** The certificate that it shows, and the authority of those that it wants to be shown (PEM; null: none). */
export type DockerRegistryTls = { readonly own: Certificate; readonly clientAuthority: string | null };

export async function startDockerRegistry(
  auth: DockerRegistryAuth,
  tls: DockerRegistryTls | null = null,
  more: Readonly<Record<string, unknown>> = {},
): Promise<DockerRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "larder-docker-registry-"));
  const config = {
    version: "0.1",
    log: { level: "info" },
    storage: { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } },
    http: { addr: "127.0.0.1:0", secret: "test", ...(tls === null ? {} : { tls: await tlsConfig(tls, folder) }) },
    ...(await authConfig(auth, folder)),
    ...more,
  };
  await Bun.write(join(folder, "config.yml"), JSON.stringify(config));
  const child = Bun.spawn(["docker-registry", "serve", join(folder, "config.yml")], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] },
  });
  const address = await listeningAddress(child.stderr);
  return {
    url: `${tls === null ? "http" : "https"}://${address}`,
    async stop() {
      child.kill("SIGKILL");
      await child.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function tlsConfig({ own, clientAuthority }: DockerRegistryTls, folder: string): Promise<object> {
  const [certificate, key, clients] = [join(folder, "cert"), join(folder, "key"), join(folder, "clients")];
  await Bun.write(certificate, own.cert);
  await Bun.write(key, own.key);
  if (clientAuthority === null) return { certificate, key };
  await Bun.write(clients, clientAuthority);
  return { certificate, key, clientcas: [clients] };
}

async function authConfig(auth: DockerRegistryAuth, folder: string): Promise<object> {
  const file = join(folder, "auth");
  switch (auth.kind) {
    case "none":
      return {};
    case "basic": {
      const hash = await Bun.password.hash(auth.password, { algorithm: "bcrypt", cost: 4 });
      await Bun.write(file, `${auth.username}:${hash}\n`);
      return { auth: { htpasswd: { realm: "test", path: file } } };
    }
    case "token":
      await Bun.write(file, auth.cert);
      return { auth: { token: { realm: auth.realm, service: "registry.test", issuer: "test", rootcertbundle: file } } };
    default:
      return auth satisfies never;
  }
}

/** Reads the log until it says where the registry listens; the rest is read and thrown away, so that it never blocks. */
function listeningAddress(log: ReadableStream<Uint8Array>): Promise<string> {
  return new Promise((resolve, reject) => {
    const read = async (): Promise<void> => {
      let text = "";
      const decoder = new TextDecoder();
      for await (const chunk of log) {
        if (text.length < 100_000) text += decoder.decode(chunk, { stream: true });
        const address = /listening on ([\d.]+:\d+)/.exec(text)?.[1];
        if (address !== undefined) resolve(address);
      }
      reject(new Error(`docker-registry ended:\n${text}`));
    };
    read().catch(reject);
  });
}
