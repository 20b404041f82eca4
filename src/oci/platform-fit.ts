import { normalizePlatform, type Platform } from "./platform.ts";

/**
 * How well an image for `offered` suits a client that runs `wanted`: the lower the better, null when the client would
 * not take it. Both are normalized. Numbers of the same `wanted` can be compared.
 */
export type Fit = (offered: Platform) => number | null;

/** A newer processor than the ones that there are would run programs for these as well; that many it takes. */
const VARIANTS_LIMIT = 16;

/**
 * The rule of containerd, and so of Docker, BuildKit and the kubelet: a client takes variants older than its own, the
 * newest first: v6 and v5 for `arm/v7`, v2 and plain amd64 for `amd64/v3`. One thing is left out: these clients would also
 * take another architecture, 32-bit programs on a 64-bit machine. Other clients would not, nor would all machines.
 *
 * Source: containerd's platforms v1.0.0-rc.5, Only; `platform-fit.test.ts` has what that code answers.
 */
export function fitOf(platform: Platform): Fit {
  const wanted = normalizePlatform(platform);
  const variants = new Map(variantsTakenBy(wanted).map((variant, rank) => [variant, rank]));
  const features = new Set(wanted.osFeatures);
  return (offered) => {
    if (offered.os !== wanted.os || offered.architecture !== wanted.architecture) return null;
    const variant = variants.get(offered.variant ?? "");
    const version = wanted.os === "windows" ? versionRank(wanted.osVersion, offered.osVersion) : 0;
    const unused = featureRank(wanted.os, features, offered.osFeatures);
    return variant === undefined || version === null || unused === null ? null : (variant * 4 + version) * 256 + unused;
  };
}

/** Would a client that runs `wanted` take an image for `offered`? */
export function platformFits(wanted: Platform, offered: Platform): boolean {
  return fitOf(wanted)(normalizePlatform(offered)) !== null;
}

/** Variants, best first; the empty one is the architecture without any. */
function variantsTakenBy({ architecture, variant = "" }: Platform): readonly string[] {
  const [, major = "", minor = "0"] = /^v(\d{1,2})(?:\.(\d))?$/.exec(variant) ?? [];
  const number = Number(major);
  if (architecture === "arm64") return arm64Variants(variant === "" ? 8 : number, Number(minor)) ?? [variant];
  const oldest = architecture === "arm" ? 5 : architecture === "amd64" ? 1 : Infinity;
  const isCounted = variant === `v${number}` && number >= oldest && number <= VARIANTS_LIMIT;
  if (!isCounted) return [variant];
  const counted = Array.from({ length: number - oldest + 1 }, (_, older) => `v${number - older}`);
  return architecture === "amd64" ? counted.map((name) => (name === "v1" ? "" : name)) : counted;
}

/** arm64's v9.N can what v8.(N + 5) can; v8 is the architecture itself. Null for what is neither. */
function arm64Variants(major: number, minor: number): readonly string[] | null {
  const down = (from: number, of: number) => Array.from({ length: from + 1 }, (_, older) => nameOf(of, from - older));
  if (major === 8) return down(minor, 8);
  return major === 9 && minor <= 7 ? [...down(minor, 9), ...down(Math.min(minor + 5, 9), 8)] : null;
}

function nameOf(major: number, minor: number): string {
  if (minor > 0) return `v${major}.${minor}`;
  return major === 8 ? "" : `v${major}`;
}

/** More of the client's features used is better; one that it lacks is too much. Windows' `win32k` is in every full host. */
function featureRank(os: string, has: ReadonlySet<string>, needs: readonly string[] = []): number | null {
  const used = needs.filter((feature) => !(os === "windows" && feature === "win32k"));
  if (!used.every((feature) => has.has(feature))) return null;
  return Math.max(0, 255 - used.length);
}

/** Windows Server 2022: from it on, hosts run containers of older builds, down to this one. */
const STABLE_BUILD = 20348;

/**
 * 0 when the versions are the same, 1 when the builds are, 2 when the host runs that older build, 3 when one of them says
 * nothing; null when the host cannot run it. Source: Microsoft, "Windows container version compatibility".
 */
function versionRank(host: string | undefined, offered: string | undefined): number | null {
  const [ours, theirs] = [tryParseVersion(host), tryParseVersion(offered)];
  if (ours === null || !offered) return 3;
  if (offered === host) return 0;
  if (theirs === null || ours.system !== theirs.system) return null;
  if (ours.build === theirs.build) return 1;
  return theirs.build >= STABLE_BUILD && theirs.build <= ours.build ? 2 : null;
}

/** `10.0.20348.2700`, apart; null when it is no version, which then is not looked at. */
function tryParseVersion(text: string | undefined): { readonly system: string; readonly build: number } | null {
  const match = /^(\d{1,3}\.\d{1,3})\.(\d{1,5})(?:\.|$)/.exec(text?.slice(0, 64) ?? "");
  return match === null ? null : { system: match[1] ?? "", build: Number(match[2]) };
}
