import type { Command } from "commander";
import { quoteBriefly } from "../oci/digest.ts";
import { CommandFailure } from "../lib/command/command-io.ts";
import { addNarrowingOptions, type PlatformFlags } from "./platform-flags.ts";
import type { RegistrySide } from "../remote/registry-side.ts";

/** The flags that `addCopyOptions` adds, as commander passes them on. */
export type CopyFlags = PlatformFlags & {
  readonly referrers?: boolean;
  readonly jobs: string;
  readonly json?: boolean;
};

const MOST_JOBS = 64;

/** Adds the options of every command that copies images. */
export function addCopyOptions(command: Command): Command {
  return addNarrowingOptions(command)
    .option("--referrers", "signatures, SBOMs and what else refers to the image as well")
    .option("--jobs <number>", "layers on their way at once", "6")
    .option("--json", "the result as JSON");
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
