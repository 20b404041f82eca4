import { type Command, Option } from "commander";
import type { LayerCompression } from "../images/compress/compressed-manifest.ts";
import type { Environment } from "../upstream/auth/docker-config.ts";
import type { Compressing } from "./copy-all.ts";
import { spoolDirectory } from "./spool-directory.ts";
import { quoteBriefly } from "../oci/digest.ts";
import { CommandFailure } from "../lib/command/command-io.ts";
import { addNarrowingOptions, type PlatformFlags } from "./platform-flags.ts";
import type { RegistrySide } from "../remote/registry-side.ts";

/** The flags that `addCopyOptions` adds, as commander passes them on. */
export type CopyFlags = PlatformFlags & {
  readonly referrers?: boolean;
  readonly jobs: string;
  readonly json?: boolean;
  readonly compress?: LayerCompression;
  readonly compressLevel?: string;
};

const MOST_JOBS = 64;

/** Adds the options of every command that copies images. */
export function addCopyOptions(command: Command): Command {
  return addNarrowingOptions(command)
    .option("--referrers", "signatures, SBOMs and what else refers to the image as well")
    .option("--jobs <number>", "layers on their way at once", "6")
    .addOption(
      new Option(
        "--compress <how>",
        "layers that are not compressed, on the way; their image gets another digest",
      ).choices(["gzip", "zstd"]),
    )
    .option("--compress-level <number>", "gzip: 1 to 9, else 6; zstd: 1 to 19, else 3")
    .option("--json", "the result as JSON");
}

const LEVELS = { gzip: { most: 9, usual: 6 }, zstd: { most: 19, usual: 3 } } as const;

/** How layers are compressed; null without `--compress`. Throws a CommandFailure for flags that contradict each other. */
export function compressingOf(
  { compress, compressLevel, referrers }: CopyFlags,
  environment: Environment,
): Compressing | null {
  if (compress === undefined) {
    if (compressLevel === undefined) return null;
    throw new CommandFailure(2, "--compress-level goes with --compress gzip or --compress zstd");
  }
  if (referrers === true) {
    throw new CommandFailure(
      2,
      "--referrers and --compress contradict each other: signatures are of the digest as it is",
    );
  }
  const { most, usual } = LEVELS[compress];
  const level = compressLevel === undefined ? usual : /^\d{1,2}$/.test(compressLevel) ? Number(compressLevel) : 0;
  if (level < 1 || level > most) {
    throw new CommandFailure(
      2,
      `--compress-level ${quoteBriefly(compressLevel ?? "")} is not a number from 1 to ${most}`,
    );
  }
  return { compression: compress, level, directory: spoolDirectory(environment) };
}

/** Adds the options that say how to reach a registry; `prefix` is `src-`, `dest-` or empty. */
export function addRegistryOptions(command: Command, prefix: string, which: string): Command {
  return command
    .option(`--${prefix}plain-http`, `reach ${which} without TLS`)
    .option(`--${prefix}ca <file>`, `trust these certificate authorities (PEM) at ${which}`)
    .option(`--${prefix}creds <user:password>`, `log in at ${which}; @FILE for a file that holds it`);
}

/** Reads the flags that `addRegistryOptions` added. */
export function registrySideOf(flags: Readonly<Record<string, unknown>>, prefix: "src" | "dest" | ""): RegistrySide {
  const name = (flag: string) => (prefix === "" ? flag : `${prefix}${flag[0]?.toUpperCase()}${flag.slice(1)}`);
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  return {
    plainHttp: flags[name("plainHttp")] === true,
    caFile: text(flags[name("ca")]),
    credentials: text(flags[name("creds")]),
  };
}

/** The number of blobs that are copied at once. Throws a CommandFailure for anything but 1 to 64. */
export function jobsOf({ jobs }: CopyFlags): number {
  const count = /^\d{1,2}$/.test(jobs) ? Number(jobs) : 0;
  if (count < 1 || count > MOST_JOBS) {
    throw new CommandFailure(2, `--jobs ${quoteBriefly(jobs)} is not a number from 1 to ${MOST_JOBS}`);
  }
  return count;
}
