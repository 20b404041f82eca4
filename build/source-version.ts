import { readFileSync } from "node:fs";
import { join } from "node:path";

export const CHECKOUT: string = join(import.meta.dir, "..");

/** What is built, as `larder version` and everything that is packed tells it. */
export type SourceVersion = {
  /** As package.json has it, such as 1.0.0-rc.1. */
  readonly version: string;
  /** In full; null: this is no checkout of git. */
  readonly commit: string | null;
  /** When it was committed, in seconds since 1970: the one time that builds know. */
  readonly dateSeconds: number;
};

/** Reads the version of the checkout; SOURCE_DATE_EPOCH, where it is set, is its date (reproducible-builds.org). */
export function readSourceVersion(environment: Readonly<Record<string, string | undefined>>): SourceVersion {
  const { version } = JSON.parse(readFileSync(join(CHECKOUT, "package.json"), "utf8")) as { readonly version: string };
  const committed = Bun.spawnSync(["git", "-C", CHECKOUT, "log", "-1", "--format=%H %ct"], { stderr: "ignore" });
  const [commit = "", seconds = "0"] = committed.stdout.toString().trim().split(" ");
  const epoch = environment["SOURCE_DATE_EPOCH"];
  return { version, commit: commit === "" ? null : commit, dateSeconds: Number(epoch ?? seconds) };
}
