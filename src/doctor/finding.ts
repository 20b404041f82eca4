/** `fail`: it would stop a pull. `warn`: pulls work, though not as they should, or not for long. */
type FindingStatus = "ok" | "warn" | "fail";

/** What one look found. */
export type Finding = {
  /** What was looked at, in a word: `larder`, `disk`, `store`, `clock`, `upstream`, `containerd`, `name`. */
  readonly check: string;
  readonly status: FindingStatus;
  /** Without a full stop at its end. */
  readonly message: string;
  /** What to do about it; null when it is ok. */
  readonly advice: string | null;
  /** What this comes of, where other findings may come of it, too; null when it stands for itself. */
  readonly cause: string | null;
};

/** An address as the cause of what is wrong at it, by whatever scheme it is asked. */
export function placeOf(origin: string): string {
  return origin.replace(/^https?:\/\//, "");
}

/** All is well. */
export function ok(check: string, message: string): Finding {
  return { check, status: "ok", message, advice: null, cause: null };
}

/** Pulls work, but something should be looked at. */
export function warn(check: string, message: string, advice: string): Finding {
  return { check, status: "warn", message, advice, cause: null };
}

/** Pulls fail. */
export function fail(check: string, message: string, advice: string, cause: string | null = null): Finding {
  return { check, status: "fail", message, advice, cause };
}
