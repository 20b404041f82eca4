import { ConfigurationError } from "./configuration-file.ts";
import { type ListenAddress, tryParseListenAddress } from "./listen-address.ts";
import type { GivenSettings } from "./settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where registry:2 listens unless it is told otherwise. */
const USUAL_ADDRESS: ListenAddress = { host: null, port: 5000 };

/**
 * The variables that people start `registry:2` with, which mean the same here, so that larder can take its place.
 * Source: distribution 2.8, "Configuring a registry". Throws ConfigurationError that names the variable.
 */
export function settingsOfEnvironment(environment: Environment): GivenSettings {
  const folder = environment["REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY"];
  const deletes = environment["REGISTRY_STORAGE_DELETE_ENABLED"];
  return {
    ...listenersOf(environment),
    ...(folder ? { data: folder } : {}),
    ...(deletes ? { deletes: truth("REGISTRY_STORAGE_DELETE_ENABLED", deletes) } : {}),
  };
}

/** registry:2 listens at one address; with a certificate it speaks HTTPS there, and nothing else. */
function listenersOf(environment: Environment): GivenSettings {
  const text = environment["REGISTRY_HTTP_ADDR"];
  const certPath = environment["REGISTRY_HTTP_TLS_CERTIFICATE"];
  const keyPath = environment["REGISTRY_HTTP_TLS_KEY"];
  const address = text ? listenAddress(text) : null;
  if (!certPath && !keyPath) return address === null ? {} : { http: [address] };
  if (!certPath || !keyPath) {
    const [given, missing] = certPath ? ["CERTIFICATE", "KEY"] : ["KEY", "CERTIFICATE"];
    throw new ConfigurationError(`REGISTRY_HTTP_TLS_${given} needs REGISTRY_HTTP_TLS_${missing} beside it`);
  }
  return { http: [], https: [address ?? USUAL_ADDRESS], tls: { mode: "files", certPath, keyPath } };
}

function listenAddress(text: string): ListenAddress {
  const address = tryParseListenAddress(text);
  if (address === null) {
    throw new ConfigurationError(`REGISTRY_HTTP_ADDR: ${JSON.stringify(text)} is not an address such as :80`);
  }
  return address;
}

function truth(name: string, text: string): boolean {
  if (/^(?:true|1|yes|on)$/i.test(text)) return true;
  if (/^(?:false|0|no|off)$/i.test(text)) return false;
  throw new ConfigurationError(`${name}: ${JSON.stringify(text)} is not true or false`);
}
