/**
 * The platform that an image is for: operating system, architecture, variant.
 *
 * Source: image-spec v1.1.1, image-index.md ("platform"); Go's names for systems and architectures.
 */
export type Platform = {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
};

/** Reads `linux/arm64`, `linux/arm/v7`, or `arm64` (then linux). Null when it is none of these. */
export function tryParsePlatform(text: string): Platform | null {
  const parts = text.toLowerCase().split("/");
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) return null;
  const [os, architecture, variant] = parts.length === 1 ? ["linux", parts[0]] : parts;
  if (os === undefined || architecture === undefined) return null;
  return normalizePlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}

/** `linux/arm/v7`. */
export function formatPlatform(platform: Platform): string {
  const base = `${platform.os}/${platform.architecture}`;
  return platform.variant === undefined ? base : `${base}/${platform.variant}`;
}

/** The platform of the machine that larder runs on, linux for its containers whatever the host's system. */
export function hostPlatform(): Platform {
  return normalizePlatform({ os: "linux", architecture: process.arch });
}

const ALIASES: ReadonlyMap<string, string> = new Map([
  ["x64", "amd64"],
  ["x86_64", "amd64"],
  ["aarch64", "arm64"],
  ["ia32", "386"],
  ["i386", "386"],
]);

/** The names that kernels and Node use, turned into Go's: `x64` and `x86_64` are `amd64`, `aarch64` is `arm64/v8`. */
export function normalizePlatform(platform: Platform): Platform {
  const architecture = ALIASES.get(platform.architecture) ?? platform.architecture;
  // arm64 has one variant in use; images name it or leave it out at will, so it says nothing.
  const { variant, ...rest } = platform;
  if (variant === undefined || (architecture === "arm64" && variant === "v8")) return { ...rest, architecture };
  return { ...rest, architecture, variant };
}

/** Would an image for `offered` be taken by a client that runs `wanted`? A variant matters only when both name one. */
export function platformMatches(wanted: Platform, offered: Platform): boolean {
  return matchesNormalized(normalizePlatform(wanted), normalizePlatform(offered));
}

/** As `platformMatches`, for platforms that are normalized: where one is held against thousands. */
export function matchesNormalized(a: Platform, b: Platform): boolean {
  if (a.os !== b.os || a.architecture !== b.architecture) return false;
  return a.variant === undefined || b.variant === undefined || a.variant === b.variant;
}
