import { ConfigurationError } from "./configuration-file.ts";
import { tryParseListenAddress } from "./listen-address.ts";
import type { Settings } from "./settings.ts";

/**
 * The variables that people start `registry:2` with, which mean the same here, so that larder can take its place.
 * Source: distribution 2.8, "Configuring a registry". Throws ConfigurationError that names the variable.
 */
export function settingsOfEnvironment(environment: Readonly<Record<string, string | undefined>>): Partial<Settings> {
  const address = environment["REGISTRY_HTTP_ADDR"];
  const folder = environment["REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY"];
  const deletes = environment["REGISTRY_STORAGE_DELETE_ENABLED"];
  return {
    ...(address ? { http: [listenAddress(address)] } : {}),
    ...(folder ? { data: folder } : {}),
    ...(deletes ? { deletes: truth("REGISTRY_STORAGE_DELETE_ENABLED", deletes) } : {}),
  };
}

function listenAddress(text: string) {
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
