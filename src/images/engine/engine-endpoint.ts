import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { EngineEndpoint, EngineTls } from "./engine-client.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where the container engine of this machine listens: `DOCKER_HOST` (`unix://PATH`, `tcp://HOST:PORT`, with TLS when
 * `DOCKER_TLS_VERIFY` is set, its files in `DOCKER_CERT_PATH` or `~/.docker`), as Docker's own client has it. Without
 * it, the first socket that is there: Docker's, Podman's, Podman's of this user.
 * Throws BAD_REQUEST for a `DOCKER_HOST` of another kind, UPSTREAM_UNAVAILABLE when no socket is there.
 */
export async function findEngine(environment: Environment): Promise<EngineEndpoint> {
  const host = environment["DOCKER_HOST"] ?? "";
  if (host === "") return findSocket(environment);
  if (host.startsWith("unix://")) return { kind: "socket", path: host.slice("unix://".length) };
  const address = /^(?:tcp|https?):\/\/([^/]+)\/?$/.exec(host)?.[1];
  if (address === undefined || !URL.canParse(`http://${address}`)) {
    throw new RegistryError(
      "BAD_REQUEST",
      `DOCKER_HOST is ${quoteBriefly(host)}; larder can reach an engine at unix://PATH or tcp://HOST:PORT`,
    );
  }
  const isSecure = (environment["DOCKER_TLS_VERIFY"] ?? "") !== "" || host.startsWith("https:");
  const hostPort = /:\d+$/.test(address) ? address : `${address}:${isSecure ? 2376 : 2375}`;
  if (!isSecure) return { kind: "tcp", url: `http://${hostPort}`, tls: null };
  return { kind: "tcp", url: `https://${hostPort}`, tls: await readTls(environment) };
}

async function findSocket(environment: Environment): Promise<EngineEndpoint> {
  const runtime = environment["XDG_RUNTIME_DIR"] ?? "";
  const paths = ["/var/run/docker.sock", "/run/podman/podman.sock"];
  if (runtime !== "") paths.push(join(runtime, "docker.sock"), join(runtime, "podman/podman.sock"));
  for (const path of paths) {
    if (await exists(path)) return { kind: "socket", path };
  }
  throw new RegistryError(
    "UPSTREAM_UNAVAILABLE",
    `no container engine listens here (${paths.join(", ")}); start Docker or "podman system service", or set DOCKER_HOST`,
  );
}

async function readTls(environment: Environment): Promise<EngineTls> {
  const directory = environment["DOCKER_CERT_PATH"] || join(environment["HOME"] ?? "/", ".docker");
  const read = (name: string) => readFile(join(directory, name), "utf8");
  const [ca, cert, key] = await Promise.all([read("ca.pem"), read("cert.pem"), read("key.pem")]);
  return { ca, cert, key };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    // Whatever keeps it from being seen keeps it from being used.
    return false;
  }
}
