/** Failures of the operating system, told apart by the names that errno(3) gives them. */

/** The name of a failure: the system's, as `ENOENT`, or a library's, as `SQLITE_FULL`. Empty when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Did the operating system refuse it? The runtime's own failures have longer names (`ERR_INVALID_ARG_TYPE`). */
export function isSystemError(error: unknown): error is Error {
  return /^E[A-Z0-9]+$/.test(codeOf(error));
}

/** Does the last part of the path not exist, or a folder on the way to it? */
export function isNotFound(error: unknown): boolean {
  return codeOf(error) === "ENOENT";
}

/** Is nothing there: not found, or something on the way of the path is a file and no folder? */
export function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** Null for what is absent; throws every other error. For `promise.catch(nullIfAbsent)`. */
export function nullIfAbsent(error: unknown): null {
  if (isAbsent(error)) return null;
  throw error;
}

/** Is there no space: on the disk, in the user's share of it, or for a file of that size? */
export function isDiskFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG"].includes(codeOf(error));
}

/** Is it a file system that nothing may be written to? */
export function isReadOnly(error: unknown): boolean {
  return codeOf(error) === "EROFS";
}
