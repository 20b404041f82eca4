import { readFileSync } from "node:fs";
import { FFIType, ptr } from "bun:ffi";
import { openLibc } from "../lib/libc/open-libc.ts";

/** What the runtime has in flight at most, in all; it reads this at its own start, before any program runs. */
const LIMIT_VARIABLE = "BUN_CONFIG_MAX_HTTP_REQUESTS";
const LIMIT = "2048";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Starts this process again as what it was started as, with room for more requests: same process id, same arguments, same open
 * files. Does not come back then. Comes back when the environment says something already, and where it cannot be done: what
 * there is of room is shared out all the same (`requestLimit`).
 *
 * For the start of a program that has opened nothing yet.
 */
export function restartWithRoom(variables: Variables): void {
  if (variables[LIMIT_VARIABLE] !== undefined) return;
  try {
    // As it was called, which the runtime does not tell: larder goes by its name, too.
    const argv = readFileSync("/proc/self/cmdline", "utf8").split("\0").slice(0, -1);
    const given = Object.entries(variables).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    );
    execute(process.execPath, argv, [...given, `${LIMIT_VARIABLE}=${LIMIT}`]);
  } catch {
    // Without /proc it goes on as it is.
  }
}

/** execve(2): returns only when it fails. */
function execute(path: string, argv: readonly string[], environment: readonly string[]): void {
  const libc = openLibc({ execve: { args: [FFIType.ptr, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 } });
  const words = [argv, environment].map((texts) => texts.map((text) => Buffer.from(`${text}\0`)));
  const [args, variables] = words.map(
    (buffers) => new BigUint64Array([...buffers.map((each) => BigInt(ptr(each))), 0n]),
  );
  if (args === undefined || variables === undefined) return;
  libc?.execve(ptr(Buffer.from(`${path}\0`)), ptr(args), ptr(variables));
}
