/**
 * The platform that an image is for: operating system, architecture, variant.
 *
 * `osVersion` and `osFeatures` matter for Windows, whose containers run on few builds of the host.
 * Source: image-spec v1.1.1, image-index.md ("platform"); Go's names for systems and architectures.
 */
export type Platform = {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
  readonly osFeatures?: readonly string[];
};

/** No platform that is meant has a longer name. */
const LENGTH_LIMIT = 255;
/** `windows(10.0.17763+win32k)`: the version and the features of a system are in parentheses, as containerd has them. */
const SYSTEM = /^([a-z0-9_-]+)(?:\(([a-z0-9_.-]*)((?:\+[a-z0-9_.-]+)*)\))?$/;
const WORD = /^[a-z0-9_.-]+$/;

/**
 * Reads `linux/arm64`, `linux/arm/v7`, `windows(10.0.20348)/amd64`, or an architecture alone (then linux). Null when it
 * is none of these.
 */
export function tryParsePlatform(text: string): Platform | null {
  if (text.length > LENGTH_LIMIT) return null;
  const parts = text.toLowerCase().split("/");
  if (parts.length === 1) return tryParseArchitecture(text);
  const [system = "", architecture = "", variant] = parts;
  const [, os, osVersion, features] = SYSTEM.exec(system) ?? [];
  if (os === undefined || parts.length > 3 || !parts.slice(1).every((part) => WORD.test(part))) return null;
  const osFeatures = (features ?? "").split("+").filter((feature) => feature !== "");
  const platform = normalizePlatform({
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion ? { osVersion } : {}),
    ...(osFeatures.length === 0 ? {} : { osFeatures }),
  });
  return isNamedPlatform(platform) ? platform : null;
}

function tryParseArchitecture(text: string): Platform | null {
  const platform = normalizePlatform({ os: "linux", architecture: text });
  return ARCHITECTURES.has(platform.architecture) ? platform : null;
}

/** `linux/arm/v7`, `windows(10.0.20348.2700)/amd64`: what `tryParsePlatform` reads. */
export function formatPlatform({ os, architecture, variant, osVersion = "", osFeatures = [] }: Platform): string {
  const details = [osVersion, ...osFeatures].join("+");
  const base = `${os}${details === "" ? "" : `(${details})`}/${architecture}`;
  return variant === undefined ? base : `${base}/${variant}`;
}

/** The platform of the machine that larder runs on, linux for its containers whatever the host's system. */
export function hostPlatform(): Platform {
  return normalizePlatform({ os: "linux", architecture: process.arch });
}

/** Does it name a platform, as an attestation's `unknown/unknown` does not? */
export function isNamedPlatform({ os }: Platform): boolean {
  return os !== "" && os.toLowerCase() !== "unknown";
}

/** Architectures that Linux images are built for, by Go's names. */
const ARCHITECTURES: ReadonlySet<string> = new Set(
  "386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x".split(" "),
);

/** Other names of architectures, and what they mean. The variant of the first ones is whatever stands beside the name. */
const ALIASES: ReadonlyMap<string, readonly [architecture: string, variant?: string]> = new Map([
  ["x64", ["amd64"]],
  ["x86_64", ["amd64"]],
  ["x86-64", ["amd64"]],
  ["aarch64", ["arm64"]],
  ["ia32", ["386", ""]],
  ["i386", ["386", ""]],
  ["armhf", ["arm", "v7"]],
  ["armv7l", ["arm", "v7"]],
  ["armel", ["arm", "v6"]],
  ["armv6l", ["arm", "v6"]],
]);

/** The variants that say nothing, or are written shorter than they are meant. */
const VARIANTS: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ["amd64", new Map([["v1", ""]])],
  [
    "arm64",
    new Map([
      ["8", ""],
      ["v8", ""],
    ]),
  ],
  [
    "arm",
    new Map([
      ["", "v7"],
      ["5", "v5"],
      ["6", "v6"],
      ["7", "v7"],
      ["8", "v8"],
    ]),
  ],
]);

/**
 * The one spelling of a platform: lower case, Go's names for what kernels and Node call otherwise (`x86_64`, `aarch64`),
 * no variant where the architecture alone says it (`amd64/v1`, `arm64/v8`), and the one that `arm` alone means (`v7`).
 *
 * Source: containerd's platforms v1.0.0-rc.5, Normalize.
 */
export function normalizePlatform({ os, architecture, variant, ...rest }: Platform): Platform {
  const system = os.toLowerCase();
  const name = architecture.toLowerCase();
  const [known, implied] = ALIASES.get(name) ?? [name];
  const written = implied ?? variant?.toLowerCase() ?? "";
  const meant = VARIANTS.get(known)?.get(written) ?? written;
  return {
    ...rest,
    os: system === "macos" ? "darwin" : system,
    architecture: known,
    ...(meant === "" ? {} : { variant: meant }),
  };
}
