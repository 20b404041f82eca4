import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "../telemetry/log.ts";
import { CertificateError, systemCertificateClock } from "../tls/certificate-source.ts";
import { watchClientAuthorities } from "../tls/client-authorities.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { plainLog } from "./plain-log.ts";
import type { ClientCertificateSettings } from "./settings/settings.ts";
import type { ClientIdentification } from "./web-listener.ts";

/** What a path of a Unix socket has at most, with its end. Source: unix(7). */
const LONGEST_SOCKET_PATH = 107;
const NAME_LENGTH = "/larder-XXXXXX/".length + 13;

/**
 * Opens what it takes to ask clients for certificates: the authorities, and a folder for sockets that nobody but this user
 * may enter. `close` takes the folder away. Throws a CertificateError.
 */
export async function openClientIdentification(
  { caPath, crlPath, isRequired }: ClientCertificateSettings,
  dataFolder: string,
  log: Log,
): Promise<ClientIdentification & { close(): Promise<void> }> {
  const authorities = await watchClientAuthorities({
    caPath,
    crlPath,
    clock: systemCertificateClock,
    log: plainLog(log),
  });
  try {
    const folder = await makeSocketFolder([tmpdir(), "/dev/shm", dataFolder]);
    const close = async () => {
      authorities.stop();
      await rm(folder, { recursive: true, force: true });
    };
    return { authorities, isRequired, folder, close };
  } catch (error) {
    authorities.stop();
    throw error;
  }
}

/** In the first of these places that takes one. Larder may have no folder for temporary files: a container that is read-only. */
async function makeSocketFolder(places: readonly string[]): Promise<string> {
  let why = "";
  for (const place of places) {
    if (place.length + NAME_LENGTH > LONGEST_SOCKET_PATH) continue;
    try {
      const folder = await mkdtemp(join(place, "larder-"));
      await chmod(folder, 0o700);
      return folder;
    } catch (error) {
      why = describeFailure(error);
    }
  }
  throw new CertificateError(
    `asking clients for certificates (--client-ca) takes a folder for sockets, and none can be made in ${places.join(", ")}: ${why || "their paths are too long"}`,
  );
}
