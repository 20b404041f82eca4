/** Takes back what a step did. */
type Undo = () => Promise<void>;

/** One thing that is done to a machine. */
export type Step = {
  /** Completes `would …` and stands in the report: `write /etc/larder/larder.yaml`. Null: nothing is done but to prepare the way back. */
  readonly what: string | null;
  /** Does it; what takes it back comes back, null where there is nothing to take back. */
  readonly perform: () => Promise<Undo | null>;
};

/**
 * Performs the steps in their order. When one fails, or `signal` is aborted, those before it are taken back, the last one first, and
 * the failure is thrown. `tell` hears of each step that was done, and of what could not be taken back.
 */
export async function performSteps(
  steps: readonly Step[],
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const undos: Undo[] = [];
  try {
    for (const { what, perform } of steps) {
      signal.throwIfAborted();
      const undo = await perform();
      if (undo !== null) undos.push(undo);
      if (what !== null) tell(what);
    }
  } catch (error) {
    for (const undo of undos.toReversed()) {
      // What comes back halfway is still better than nothing of it.
      await undo().catch((failure: unknown) => tell(`could not take back a step: ${String(failure)}`));
    }
    throw error;
  }
}
