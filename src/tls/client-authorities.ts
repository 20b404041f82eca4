/** The authorities whose certificates prove who a client is, and what they have revoked: files that may change. */
import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { type CertificateClock, CertificateError, type CertificateLog } from "./certificate-source.ts";
import { parsePemBlocks } from "./pem.ts";
import { watchFiles } from "./watch-files.ts";

/** Both in PEM; several of each may stand in one text. `crlPem` null: nothing is revoked. */
type ClientAuthorities = { readonly caPem: string; readonly crlPem: string | null };

/** Where a listener has its authorities from, now and later. */
export interface ClientAuthoritySource {
  current(): ClientAuthorities;
  /** Calls `callback` after each change of `current()`. The function that comes back ends that. */
  onChange(callback: () => void): () => void;
}

/** Which files, and by which clock they are looked at. */
export type ClientAuthorityFiles = {
  readonly caPath: string;
  readonly crlPath: string | null;
  readonly clock: CertificateClock;
  readonly log: CertificateLog;
};

/**
 * Starts with what the files hold now; throws a CertificateError, naming file and reason, when that cannot be used. Later contents
 * that cannot be used leave the old authorities in place, and the log says why.
 */
export async function watchClientAuthorities({
  caPath,
  crlPath,
  clock,
  log,
}: ClientAuthorityFiles): Promise<ClientAuthoritySource & { readonly stop: () => void }> {
  const callbacks = new Set<() => void>();
  const { first, stop } = await watchFiles({
    paths: crlPath === null ? [caPath] : [caPath, crlPath],
    check: ([ca = "", crl]) => {
      const caPem = checkAuthorities(ca, caPath, clock.now(), log);
      return { caPem, crlPem: crl === undefined || crlPath === null ? null : checkRevocations(crl, crlPath) };
    },
    onChange(authorities) {
      log.info("the files of the clients' authorities changed and are in use");
      current = authorities;
      for (const callback of callbacks) callback();
    },
    complaint: "the changed files of the clients' authorities cannot be used; the old ones stay",
    clock,
    log,
  });
  let current: ClientAuthorities = first;
  return {
    current: () => current,
    onChange: (callback) => {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    stop,
  };
}

function checkAuthorities(text: string, path: string, now: number, log: CertificateLog): string {
  const blocks = parsePemBlocks(text).filter(({ label }) => label === "CERTIFICATE");
  if (blocks.length === 0) {
    throw new CertificateError(`${path} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)`);
  }
  const authorities = blocks.map((block, index) => {
    try {
      return new X509Certificate(block.text);
    } catch (cause) {
      throw new CertificateError(`certificate ${index + 1} in ${path} is damaged: ${describeFailure(cause)}`, {
        cause,
      });
    }
  });
  for (const [index, authority] of authorities.entries()) {
    const name = JSON.stringify(authority.subject.replaceAll("\n", ", "));
    if (!authority.ca) {
      throw new CertificateError(
        `certificate ${index + 1} in ${path}, of ${name}, is no authority's: it may sign nobody's`,
      );
    }
    if (new Date(authority.validTo).getTime() <= now) {
      log.warn(
        `the clients' authority ${name} in ${path} expired on ${authority.validTo}: it vouches for nobody any more`,
      );
    }
  }
  return blocks.map((block) => block.text).join("");
}

function checkRevocations(text: string, path: string): string {
  const blocks = parsePemBlocks(text).filter(({ label }) => label === "X509 CRL");
  if (blocks.length === 0) {
    throw new CertificateError(`${path} holds no revocation list in PEM (-----BEGIN X509 CRL-----)`);
  }
  const pem = blocks.map((block) => block.text).join("");
  try {
    createSecureContext({ crl: pem });
  } catch (cause) {
    throw new CertificateError(`a revocation list in ${path} is damaged`, { cause });
  }
  return pem;
}
