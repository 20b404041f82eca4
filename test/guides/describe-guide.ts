import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LAB_NEEDS, NetworkLab } from "../end-to-end/network-lab.ts";
import { requirement } from "../requirement.ts";
import { type GuideLab, GuideRun } from "./guide-run.ts";
import { readSteps, type Step } from "./guide-steps.ts";

const CHECKOUT = join(import.meta.dir, "..", "..");
/** What a guide takes for granted may have to be built. */
const SETUP_TIMEOUT_MS = 300_000;
const STEP_TIMEOUT_MS = 120_000;

/**
 * Follows a guide from its own text, a test for each step. `path` is the guide's in the checkout; `needs` is what it
 * takes besides a lab (`test/requirement.ts`); `prepare` makes the hosts that the guide takes for granted.
 */
export function describeGuide(
  path: string,
  needs: readonly string[],
  prepare: (network: NetworkLab) => Promise<GuideLab>,
): void {
  const steps = readSteps(path, readFileSync(join(CHECKOUT, path), "utf8"));
  describe.skipIf(!requirement(...LAB_NEEDS, "bash", ...needs).met)(path, () => {
    let network: NetworkLab;
    let run: GuideRun;
    let failedAt: number | null = null;

    beforeAll(async () => {
      network = await NetworkLab.create();
      run = new GuideRun(path, await prepare(network));
    }, SETUP_TIMEOUT_MS);
    afterAll(() => network.close());

    for (const step of steps.filter(({ kind }) => kind !== "shown")) {
      test(
        titleOf(step),
        async () => {
          expect(failedAt, "a step before this one failed, at line").toBeNull();
          failedAt = step.line;
          await run.follow(step);
          failedAt = null;
        },
        STEP_TIMEOUT_MS,
      );
    }
  });
}

function titleOf(step: Step): string {
  const at = `line ${step.line}`;
  if (step.kind === "action") return `${at}: ${step.action}`;
  if (step.kind === "shown") return `${at}: not run`;
  if (step.kind === "file") return `${at}: ${step.host} has ${step.path}`;
  return `${at}: ${step.host} runs ${step.text.split("\n")[0]}`;
}
