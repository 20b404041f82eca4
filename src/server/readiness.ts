import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "../http/health/health-pages.ts";
import type { UploadSessionStore } from "../storage/metadata.ts";

/** The parts of a larder whose state decides whether it is ready. */
export type ReadinessParts = {
  readonly dataFolder: string;
  /** Sees when the store is not in its place, or damaged. */
  readonly guard: { readonly problem: string | null };
  readonly sessions: Pick<UploadSessionStore, "getSession">;
  readonly isStopping: () => boolean;
};

/**
 * The checks that must pass before this larder is sent requests. Upstream registries are no part of them: what is
 * cached is served without them.
 */
export function readinessChecks({ dataFolder, guard, sessions, isStopping }: ReadinessParts): readonly Check[] {
  return [
    { name: "process", problem: () => (isStopping() ? "larder is stopping" : null) },
    { name: "store", problem: () => guard.problem },
    {
      name: "database",
      problem: async () => {
        // Any question will do: what it finds does not matter.
        await sessions.getSession("");
        return null;
      },
    },
    {
      name: "disk",
      problem: async () => {
        await access(join(dataFolder, "uploads"), constants.W_OK);
        return null;
      },
    },
  ];
}
