/**
 * Runs a command so that nothing of what it starts outlives it, however it ends and whatever its tests forgot.
 *
 *     setpriv            dies with the runner, be that killed with -9
 *     └─ unshare         namespaces for processes and mounts
 *        └─ sh           process 1: when it ends, the kernel ends all others; collects orphans until then
 *           └─ command   its mounts, and the network namespaces that it named, are seen in here alone
 *
 * Temporary files are not the kernel's affair: they go to a folder of the run (TMPDIR), which the
 * runner removes.
 */
import { findProgram } from "./debian-packages.ts";

const NEEDS = ["unshare", "setpriv", "mount"];

/** `/run/netns` is where `ip netns` has its names, as mounts. */
const INIT = `mkdir -p /run/netns && mount -t tmpfs larder-tests /run/netns
"$@"
exit $?`;

/** The command that runs `argv` in namespaces of its own; `argv` itself where this machine lets us make none. */
export function inOwnNamespaces(argv: readonly string[]): readonly string[] {
  if (process.getuid?.() !== 0 || NEEDS.some((name) => findProgram(name) === null)) return argv;
  const enter = [
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--propagation=private",
    "--",
  ];
  const isAllowed = Bun.spawnSync([...enter, "true"], {
    stdio: ["ignore", "ignore", "ignore"],
    timeout: 10_000,
  }).success;
  return isAllowed ? ["setpriv", "--pdeathsig", "KILL", "--", ...enter, "sh", "-c", INIT, "sh", ...argv] : argv;
}
