/** `larder ca`: the certificate that nodes have to trust, and how they come to trust it. */
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { Command } from "commander";
import { quoteBriefly } from "../../oci/digest.ts";
import { readAuthorityCertificate } from "../../tls/authority-files.ts";
import { encodePem } from "../../tls/pem.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { authorityResult } from "../json/server-results.ts";
import { caIssueCommand } from "./ca-issue.ts";
import { writeJson } from "../json/write-json.ts";
import { findRegistry } from "../../remote/find-registry.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** Several times an authority's certificate with name constraints for a thousand hosts. */
const MAX_ANSWER_BYTES = 256 * 1024;
const TIMEOUT_MS = 10_000;

const HOW_TO_TRUST = `To trust it, save the certificate as larder.crt (larder ca > larder.crt), and as root:
  Debian, Ubuntu  cp larder.crt /usr/local/share/ca-certificates/ && update-ca-certificates
  RHEL, Fedora    cp larder.crt /etc/pki/ca-trust/source/anchors/ && update-ca-trust
  Alpine          apk add ca-certificates && cp larder.crt /usr/local/share/ca-certificates/ && update-ca-certificates
  Flatcar         cp larder.crt /etc/ssl/certs/larder.pem && update-ca-certificates
  macOS           security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain larder.crt
Then restart the container runtime: it reads the trusted certificates when it starts.
`;

/** `larder ca`: prints the certificate authority that nodes have to trust. */
export function caCommand(io: CommandIo): Command {
  return new Command("ca")
    .description("Print the certificate authority that nodes have to trust, and say how.")
    .option("--registry <address>", "ask this registry")
    .option("--data <folder>", "read it from a server's data folder, without a server")
    .option("--json", "as JSON")
    .action(async ({ registry, data, json }: { registry?: string; data?: string; json?: true }) => {
      if (registry !== undefined && data !== undefined) {
        throw new CommandFailure(2, "--registry and --data exclude each other; give the one that holds the authority");
      }
      const found = data === undefined ? await fetchAuthority(registry, io) : await readAuthority(data);
      const certificate = parseAuthority(found.pem, found.origin);
      const pem = encodePem("CERTIFICATE", certificate.raw);
      const { fingerprint256: fingerprint } = certificate;
      const validUntil = certificate.validToDate.toISOString();
      const told = {
        certificate: pem,
        fingerprint,
        validUntil,
        source: found.origin,
        isVouchedFor: data !== undefined,
      };
      if (json === true) return writeJson(io.stdout, authorityResult, told);
      io.stdout.write(pem);
      io.stderr.write(`SHA-256 fingerprint: ${certificate.fingerprint256}\nvalid until: ${certificate.validTo}\n`);
      if (data === undefined) {
        io.stderr.write(
          `It came from ${found.origin}, which nothing vouches for yet: compare the fingerprint with that of\n` +
            "'larder ca --data DIR' on the server before you trust it.\n",
        );
      }
      io.stderr.write(`\n${HOW_TO_TRUST}`);
    })
    .addCommand(caIssueCommand(io));
}

/** The certificate as it was found, unchecked, and where. */
type Found = { readonly pem: string; readonly origin: string };

async function readAuthority(data: string): Promise<Found> {
  const folder = join(data, "tls");
  const path = join(folder, "ca.crt");
  let pem: string | null;
  try {
    pem = await readAuthorityCertificate(folder);
  } catch (error) {
    throw new CommandFailure(1, `cannot read ${path}: ${describeFailure(error)}`, { cause: error });
  }
  if (pem === null) {
    throw new CommandFailure(
      1,
      `${path} does not exist: the authority is made at the first start of 'larder serve --tls auto' with that data folder`,
    );
  }
  return { pem, origin: path };
}

async function fetchAuthority(registry: string | undefined, io: CommandIo): Promise<Found> {
  const { origins } = await findRegistry(registry, io);
  const problems: string[] = [];
  for (const origin of origins) {
    const url = `${origin}/client/ca.crt`;
    try {
      return { pem: await fetchText(url, io.signal), origin };
    } catch (error) {
      if (error instanceof CommandFailure || io.signal.aborted) throw error;
      problems.push(`${url}: ${describeFailure(error)}`);
    }
  }
  throw new CommandFailure(
    1,
    `cannot get the certificate authority from the registry (${problems.join("; ")}); is it running? Without a server, use --data DIR`,
  );
}

async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    // This very certificate is what the connection would be verified with. The fingerprint is for people to compare.
    tls: { rejectUnauthorized: false },
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new CommandFailure(
      1,
      `${url} was answered with ${response.status}: that registry has no certificate authority of its own; is it larder, started with '--tls auto'?`,
    );
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new CommandFailure(1, `${url} was answered with something far too large`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("latin1");
}

function parseAuthority(pem: string, origin: string): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (error) {
    throw new CommandFailure(1, `${origin} holds no certificate, but ${quoteBriefly(pem)}`, { cause: error });
  }
  if (certificate.ca) return certificate;
  throw new CommandFailure(1, `${origin} holds a server's certificate, not an authority's; nodes must not trust it`);
}
