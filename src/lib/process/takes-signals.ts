import { codeOf } from "../files/system-error.ts";

/** Does a process of this number run here? Another user's does, too; one that has ended and was not waited for counts. */
export function takesSignals(processId: number): boolean {
  // 0 and below mean groups of processes.
  if (!Number.isSafeInteger(processId) || processId <= 0) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}
