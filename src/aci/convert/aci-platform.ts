import { type Platform, tryParsePlatform } from "../../oci/platform.ts";
import { AciError } from "../aci-error.ts";
import type { ImageConfig } from "./image-config.ts";

/** Go's names to the ACI's. Source: appc/spec 0.8.11, schema/types/labels.go, ValidOSArch. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  amd64: "amd64",
  "386": "i386",
  arm64: "aarch64",
  "arm/v6": "armv6l",
  "arm/v7": "armv7l",
  "arm/v8": "armv7l", // 32-bit programs for a 64-bit machine
  arm: "armv7l", // what "arm" alone means to containerd
  ppc64le: "ppc64le",
  s390x: "s390x",
};

/** The labels `os` and `arch` of an image. Throws AciError for what ACIs do not know: guessing would make it fail later. */
export function aciPlatform(config: Pick<ImageConfig, "os" | "architecture" | "variant">): {
  readonly os: string;
  readonly arch: string;
} {
  const { os, architecture, variant } = config;
  const key = architecture === "arm" && variant !== "" ? `arm/${variant}` : architecture;
  const arch = os === "linux" && Object.hasOwn(ARCHITECTURES, key) ? ARCHITECTURES[key] : undefined;
  if (arch === undefined) {
    const platform = [os, architecture, variant].filter((part) => part !== "").join("/");
    throw new AciError(
      `the image is for ${JSON.stringify(platform.slice(0, 80))}, which ACIs have no name for; choose another with --os and --arch if there is one`,
    );
  }
  return { os, arch };
}

/** The platform that a client's `os` and `arch` mean, in the ACI's names or Go's (`linux`, `arm/v7`); null when it is none. */
export function tryParseAciPlatform(os: string, arch: string): Platform | null {
  const known = Object.entries(ARCHITECTURES).find(([, name]) => name === arch);
  return tryParsePlatform(`${os}/${known?.[0] ?? arch}`);
}
