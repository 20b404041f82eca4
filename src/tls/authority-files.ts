/**
 * Where a certificate authority lies on disk.
 *
 * ```
 * DIR/tls/          0700
 *   ca.key          0600, ECDSA P-256, PKCS #8, PEM: written first
 *   ca.crt          0644, PEM: written second, from that key
 * ```
 *
 * Both files are written once and never again. Processes that start at the same time agree on the first key and the
 * first certificate that reached the disk; one that died in between leaves a key that the next one goes on with.
 */
import { chmod, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CertificateError } from "./certificate-source.ts";
import { writeOnce } from "../lib/files/write-once.ts";
import { isNotFound } from "../lib/files/system-error.ts";

/** Both as PEM. `keyPem` is secret. */
export type AuthorityFiles = { readonly keyPem: string; readonly certPem: string };

/** How to make what is not there yet. Both may be called in vain, when another process was faster. */
export type AuthorityMaker = {
  makeKey(): Promise<string>;
  makeCertificate(keyPem: string): Promise<string>;
};

/** The files in `directory`, those that are missing made. Throws a CertificateError when only the key is missing. */
export async function openAuthorityFiles(directory: string, maker: AuthorityMaker): Promise<AuthorityFiles> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const keyPath = join(directory, "ca.key");
  const certPath = join(directory, "ca.crt");
  let keyPem = await readIfPresent(keyPath);
  if (keyPem === null) {
    if ((await readIfPresent(certPath)) !== null) {
      throw new CertificateError(
        `${directory} holds the certificate ca.crt without its key ca.key; put the key back, or move ca.crt away to get a new authority`,
      );
    }
    keyPem = await createOnce(keyPath, await maker.makeKey(), 0o600);
  } else {
    await chmod(keyPath, 0o600);
  }
  const certPem =
    (await readIfPresent(certPath)) ?? (await createOnce(certPath, await maker.makeCertificate(keyPem), 0o644));
  return { keyPem, certPem };
}

/** The authority's certificate as PEM, or null when `directory` holds none. Needs neither the key nor a server. */
export async function readAuthorityCertificate(directory: string): Promise<string | null> {
  return readIfPresent(join(directory, "ca.crt"));
}

/** What the file holds in the end: `content`, or what another process wrote first. */
async function createOnce(path: string, content: string, mode: number): Promise<string> {
  return (await writeOnce(path, content, mode)) ? content : readFile(path, "utf8");
}

async function readIfPresent(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}
