import { readFile } from "node:fs/promises";
import { quoteBriefly } from "../oci/digest.ts";
import { DOCKER_HUB, type Namespace } from "../oci/repository-name.ts";
import { type CredentialSource, firstCredentials, fixedCredentials } from "../upstream/auth/credentials.ts";
import { credentialFiles, dockerConfigCredentials, type Environment } from "../upstream/auth/docker-config.ts";
import { defaultEndpoint } from "../upstream/open-registry.ts";
import { CommandFailure } from "../lib/command/command-io.ts";
import type { RegistryTarget } from "./connect-registry.ts";
import type { FoundRegistry } from "./find-registry.ts";
import { tryParseRegistryAddress } from "./registry-address.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/** The flags for the registry at one end of a copy. */
export type RegistrySide = {
  readonly plainHttp: boolean;
  /** A file of certificate authorities in PEM; null: the public ones alone. */
  readonly caFile: string | null;
  /** `USER:PASSWORD`, or `@FILE` that holds it; null: what Docker's and Podman's files say. */
  readonly credentials: string | null;
  /** May it be asked without TLS when it does not speak TLS? */
  readonly allowHttp?: boolean;
  /** Is any certificate taken? */
  readonly isUnverified?: boolean;
};

/**
 * How to reach the registry of an image's name. One of this machine or of a private address is asked in plain HTTP
 * first, as `RegistryAddress` has it; any other over TLS alone, since a name without TLS could mean any image.
 */
export async function targetOfName(
  namespace: Namespace,
  side: RegistrySide,
  environment: Environment,
): Promise<RegistryTarget> {
  const origins = tryParseRegistryAddress(namespace)?.origins ?? [`https://${namespace}`];
  const secure = namespace === DOCKER_HUB ? defaultEndpoint(namespace).url : origins[0];
  const isFar = secure.startsWith("https:");
  const far: [string, ...string[]] = side.allowHttp === true ? [secure, secure.replace("https:", "http:")] : [secure];
  return targetAt(namespace, { origins: isFar ? far : origins, caPem: null }, side, environment);
}

/**
 * How to reach a registry at these origins; a file of authorities that a flag names stands in for those it was found with.
 * Throws a CommandFailure when that file cannot be read.
 */
export async function targetAt(
  namespace: Namespace,
  { origins, caPem }: Pick<FoundRegistry, "origins" | "caPem">,
  side: RegistrySide,
  environment: Environment,
): Promise<RegistryTarget> {
  const host = origins[0].replace(/^https?:\/\//, "");
  return {
    namespace,
    origins: side.plainHttp ? [`http://${host}`] : origins,
    caPem: side.caFile === null ? caPem : await readText(side.caFile, "certificate authority"),
    credentials: await credentialsOf(namespace, side, environment),
    isUnverified: side.isUnverified === true,
  };
}

async function credentialsOf(
  namespace: Namespace,
  { credentials: given }: RegistrySide,
  environment: Environment,
): Promise<CredentialSource> {
  if (given === null) {
    return firstCredentials(credentialFiles(environment).map((file) => dockerConfigCredentials(file, environment)));
  }
  const text = given.startsWith("@") ? (await readText(given.slice(1), "credentials")).trim() : given;
  const colon = text.indexOf(":");
  if (colon < 0)
    throw new CommandFailure(2, "credentials are written USER:PASSWORD, or @FILE for a file that holds that");
  return fixedCredentials(namespace, text.slice(0, colon), text.slice(colon + 1));
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const why = describeFailure(error);
    throw new CommandFailure(2, `the ${what} file ${quoteBriefly(path)} cannot be read: ${why}`, { cause: error });
  }
}
