/**
 * The settings of a node that is to use a registry, for writing a node's configuration.
 *
 * Three ways lead a node here. `http` and `https`: the runtime's own mirror setting names larder's address. `spoof`:
 * the upstream names resolve to larder's addresses, on the port that the scheme implies.
 */
import { X509Certificate } from "node:crypto";
import { isIP, isIPv4, isIPv6 } from "node:net";
import { quoteBriefly } from "../oci/digest.ts";
import { DOCKER_HUB, LOCAL, type Namespace, tryParseNamespace } from "../oci/repository-name.ts";
import { ClientSettingsError } from "./client-settings-error.ts";
import { hasDefaultPort, parseRegistryAddress, type RegistryAddress, urlOf } from "./registry-address.ts";
import { DEFAULT_PORT } from "../lib/net/host-port.ts";

/** How a node is led to larder. */
export type ClientMode = "http" | "https" | "spoof";

/** All modes. */
export const CLIENT_MODES: readonly ClientMode[] = ["http", "https", "spoof"];

/** Made by `parseClientSettings` alone, so a writer can trust every field. */
export type ClientSettings = {
  /** Its scheme is the mode's; in mode `spoof` either, with the scheme's own port. */
  readonly registry: RegistryAddress;
  readonly mode: ClientMode;
  /** The upstreams to send here, without repetition, in the order given. */
  readonly standIns: readonly Namespace[];
  /** Larder's IPv4 and IPv6 addresses, for spoofing; at least one in mode `spoof`. */
  readonly addresses: readonly string[];
  /** PEM certificates of the authority that signed larder's certificate; null: the node trusts it already, or plain HTTP. */
  readonly ca: string | null;
  /** Send the pulls of all other registries here first, too, where a runtime can. Never in mode `spoof`. */
  readonly catchAll: boolean;
  /** May the runtime go to the upstream itself when larder has no answer? Without a meaning in mode `spoof`. */
  readonly fallback: boolean;
};

/** The same, as people and servers say it. */
export type ClientSettingsInput = {
  /** `http://HOST:PORT` or `https://HOST:PORT`. */
  readonly registry: string;
  readonly mode: ClientMode;
  readonly standIns: readonly string[];
  readonly addresses?: readonly string[];
  readonly ca?: string | null;
  readonly catchAll?: boolean;
  readonly fallback?: boolean;
};

const STAND_IN_LIMIT = 1_000;
const ADDRESS_LIMIT = 16;
const CA_LIMIT_CHARACTERS = 256 * 1024;

/** Checks settings and brings them into their one form. Throws ClientSettingsError, naming the value and the remedy. */
export function parseClientSettings(input: ClientSettingsInput): ClientSettings {
  const registry = parseRegistryAddress(input.registry);
  const { mode } = input;
  const settings: ClientSettings = {
    registry,
    mode,
    standIns: parseStandIns(input.standIns),
    addresses: parseAddresses(input.addresses ?? []),
    // Over plain HTTP nothing is signed, and a CA that nobody needs is not spread.
    ca: input.ca == null || registry.scheme === "http" ? null : parseCertificates(input.ca),
    catchAll: input.catchAll ?? false,
    fallback: input.fallback ?? true,
  };
  if (mode === "spoof") checkSpoofing(settings);
  else if (registry.scheme !== mode) {
    throw new ClientSettingsError(
      `mode ${mode} needs an ${mode} address of the registry, ${urlOf(registry)} is not one: give --registry ${mode}://HOST:PORT`,
    );
  }
  if (settings.standIns.length === 0 && !settings.catchAll) {
    throw new ClientSettingsError(
      "no host to stand in for is known: give --stand-in HOST, or --all for every registry",
    );
  }
  return settings;
}

function checkSpoofing(settings: ClientSettings): void {
  const { registry } = settings;
  if (!hasDefaultPort(registry)) {
    const port = DEFAULT_PORT[registry.scheme];
    throw new ClientSettingsError(
      `spoofed names reach the registry on port ${port} alone, ${urlOf(registry)} is on ${registry.port}: serve it on ${port} too, or use mode ${registry.scheme}`,
    );
  }
  if (settings.addresses.length === 0) {
    throw new ClientSettingsError("spoofing needs the address that the names shall lead to: give --address IP");
  }
  if (!settings.standIns.some(canBeSpoofed)) {
    throw new ClientSettingsError(
      "none of the stand-in hosts can be spoofed by name (addresses, or ports of their own): use mode http or https",
    );
  }
  if (settings.catchAll) {
    throw new ClientSettingsError(
      "mode spoof can only send known names here: leave out --all, or use mode http or https",
    );
  }
}

function parseStandIns(texts: readonly string[]): readonly Namespace[] {
  if (texts.length > STAND_IN_LIMIT) {
    throw new ClientSettingsError(
      `${texts.length} stand-in hosts are more than the ${STAND_IN_LIMIT} that are allowed`,
    );
  }
  const namespaces = texts.map((text) => {
    // The token host is part of docker.io, as its other names are.
    const namespace = tryParseNamespace(text.toLowerCase() === "auth.docker.io" ? DOCKER_HUB : text);
    if (namespace === null || namespace === LOCAL || namespace.includes("%")) {
      throw new ClientSettingsError(
        `the stand-in ${quoteBriefly(text)} is not a registry's host: write HOST or HOST:PORT`,
      );
    }
    return namespace;
  });
  return [...new Set(namespaces)];
}

function parseAddresses(texts: readonly string[]): readonly string[] {
  if (texts.length > ADDRESS_LIMIT) {
    throw new ClientSettingsError(`${texts.length} addresses are more than the ${ADDRESS_LIMIT} that are allowed`);
  }
  const addresses = texts.map((text) => {
    const bare = text.replace(/^\[(.*)\]$/, "$1");
    if (!(isIPv4(bare) || isIPv6(bare)) || bare.includes("%")) {
      throw new ClientSettingsError(`the address ${quoteBriefly(text)} is neither an IPv4 nor an IPv6 address`);
    }
    return bare.toLowerCase();
  });
  return [...new Set(addresses)];
}

/** The certificates of `text` alone, each in lines of 64 characters: comments and private keys do not travel. */
function parseCertificates(text: string): string {
  const blocks =
    text.length > CA_LIMIT_CHARACTERS
      ? []
      : [...text.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)];
  if (blocks.length === 0) {
    throw new ClientSettingsError(
      "the CA is not a PEM certificate (-----BEGIN CERTIFICATE----- …) of at most 256 KiB; larder ca prints it",
    );
  }
  return blocks.map((block) => normalizeCertificate(block[1] ?? "")).join("");
}

function normalizeCertificate(base64: string): string {
  const lines = base64.replace(/\s+/g, "").replace(/.{1,64}/g, "$&\n");
  const pem = `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
  try {
    // Clients drop a bad certificate without a word, and then trust nothing.
    void new X509Certificate(pem);
  } catch (cause) {
    throw new ClientSettingsError("the CA has a block that is no certificate; larder ca prints a good one", { cause });
  }
  return pem;
}

/** Can the host be sent elsewhere by name? Not an address, and not a name with a port: its clients ask for that port. */
export function canBeSpoofed(standIn: Namespace): boolean {
  return isIP(standIn) === 0 && !standIn.includes(":");
}
