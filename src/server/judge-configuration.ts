import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { givenKeyFile } from "../aci/sign/signing-key-file.ts";
import { isInside, tryParseIpNetwork } from "../lib/net/ip-network.ts";
import { tryParseIpAddress } from "../lib/net/ip-address.ts";
import { isNotFound } from "../lib/files/system-error.ts";
import { systemCertificateClock } from "../tls/certificate-source.ts";
import { watchCertificateFiles } from "../tls/certificate-files.ts";
import type { Namespace } from "../oci/repository-name.ts";
import { readClientCertificate, whyNotValid } from "../upstream/transport/client-certificate.ts";
import { readDockerConfig } from "../upstream/auth/docker-config.ts";
import { checkAciFolder } from "./compose-aci.ts";
import { readHtpasswd } from "./htpasswd-file.ts";
import { ConfigurationError } from "./settings/configuration-error.ts";
import { openSignatureRules } from "./open-signature-rules.ts";
import { parseConfiguration } from "./settings/configuration-file.ts";
import { contradictionsOf, contradictionsWithin } from "./settings/contradictions.ts";
import { describeOrigin, fullKey, type GivenSettings } from "./settings/given-settings.ts";
import { formatListenAddress, type ListenAddress } from "./settings/listen-address.ts";
import { readSettingFile } from "./settings/read-setting-file.ts";
import type { SettingKey } from "./settings/settings-table.ts";
import { settingsFrom } from "./settings/settings.ts";
import { interfaceAddresses } from "../lib/net/machine-addresses.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/**
 * Finds all problems of a configuration file, a line each with its place: what a start would refuse, and files that it
 * names but that do not exist. `isForHere` is false for another machine's file: the files that it names are not looked
 * at then. Throws an Error when the file itself cannot be read.
 */
export async function judgeConfiguration(path: string, isForHere: boolean): Promise<readonly string[]> {
  const { given, problems } = parseConfiguration(await readSettingFile(path), path);
  const settings = settingsFrom(given);
  const here = isForHere ? await problemsHere(given) : [];
  const all = [...problems, ...contradictionsWithin(given), ...contradictionsOf(settings, given), ...here];
  return all.toSorted((a, b) => lineIn(a, path) - lineIn(b, path));
}

type Check = (value: never, given: GivenSettings, host: Namespace | null) => Promise<unknown>;

/** What the machine must have for a setting. Each throws an Error that says what is missing. */
const CHECKS: Partial<Readonly<Record<SettingKey, Check>>> = {
  http: checkAddresses,
  https: checkAddresses,
  dns: checkAddresses,
  data: checkDataFolder,
  "tls.cert": checkCertificate,
  "auth.htpasswd": readHtpasswd,
  require: openSignatureRules,
  "upstreams.HOST.ca": checkFile,
  "upstreams.HOST.clientCert": checkClientCertificate,
  "upstreams.HOST.clientKey": checkFile,
  "upstreams.HOST.passwordFile": checkFile,
  credentials: async (path: string) => {
    await checkFile(path);
    await readDockerConfig(path);
  },
  aciKey: async (path: string) => {
    await checkFile(path);
    await givenKeyFile(resolve(path)).load(new Date());
  },
  aciFiles: checkAciFolder,
};

async function problemsHere(given: GivenSettings): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const [name, { key, host, value, origin }] of given) {
    try {
      await CHECKS[key]?.(value as never, given, host);
    } catch (error) {
      const all = error instanceof ConfigurationError ? error.problems : [`${name}: ${describeFailure(error)}`];
      problems.push(...all.map((problem) => `${describeOrigin(origin)}: ${problem}`));
    }
  }
  return problems;
}

async function checkFile(path: string): Promise<void> {
  await readSettingFile(path);
}

async function checkClientCertificate(path: string, given: GivenSettings, host: Namespace | null): Promise<void> {
  const cert = { path, text: await readSettingFile(path) };
  const keyPath = given.get(fullKey("upstreams.HOST.clientKey", host))?.value;
  if (typeof keyPath !== "string") return;
  const text = await readSettingFile(keyPath).catch(() => null); // Told of at the key's own line.
  const problem = text === null ? null : whyNotValid(readClientCertificate(cert, { path: keyPath, text }), Date.now());
  if (problem !== null) throw new Error(problem);
}

async function checkCertificate(certPath: string, given: GivenSettings): Promise<void> {
  const keyPath = given.get("tls.key")?.value;
  if (typeof keyPath !== "string") return;
  const log = { info: () => {}, warn: () => {} };
  const source = await watchCertificateFiles({ certPath, keyPath, clock: systemCertificateClock, log });
  source.stop();
}

async function checkDataFolder(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if (isNotFound(error)) return null; // It is made at the start.
    throw error;
  });
  if (found !== null && !found.isDirectory()) throw new Error(`${path} is no folder`);
}

async function checkAddresses(addresses: readonly ListenAddress[]): Promise<void> {
  const own = interfaceAddresses().map(({ address }) => address);
  const known = new Set(own.map((address) => tryParseIpAddress(address)?.toString()));
  const loopback = tryParseIpNetwork("127.0.0.0/8");
  for (const address of addresses) {
    const ip = tryParseIpAddress(address.host ?? "");
    if (ip === null || ip.range() === "unspecified" || known.has(ip.toString())) continue;
    if (loopback !== null && isInside(ip, [loopback])) continue;
    const mine = own.join(", ");
    throw new Error(
      `${formatListenAddress(address)} is no address of this machine, which has ${mine}; :${address.port} is all of them`,
    );
  }
}

function lineIn(problem: string, path: string): number {
  return problem.startsWith(`${path}:`)
    ? Number.parseInt(problem.slice(path.length + 1), 10) || Number.POSITIVE_INFINITY
    : 0;
}
