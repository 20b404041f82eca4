/** Long enough for a slow and busy machine, and less than a test may take, so that what was waited for in vain is named. */
const LIMIT_MS = 25_000;
const LOOK_EVERY_MS = 10;

/** Waits until `holds`, at most `limitMs`. Throws with `what` when it never does. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, limitMs = LIMIT_MS): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await Bun.sleep(LOOK_EVERY_MS);
  }
}
