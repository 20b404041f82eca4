/**
 * Where a running larder says where it listens: a file of its own, in the first of these folders that fits.
 *
 * ```
 * $RUNTIME_DIRECTORY            what systemd made for the service (RuntimeDirectory=larder)
 * /run/larder                   root's
 * $XDG_RUNTIME_DIR/larder       a user's, in a session
 * /tmp/larder-UID               a user's, else
 * ```
 *
 * Those who look for it look into all of them, and believe only what root, they themselves or whom root gave the folder to
 * wrote, in a folder that nobody else writes to.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, type Stats } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** A user's number; -1 where the system has none. */
function ownUserId(): number {
  return process.getuid?.() ?? -1;
}

/** The folders that a larder may write to, best first. */
export function foldersToWrite(environment: Environment): readonly string[] {
  const [given = ""] = (environment["RUNTIME_DIRECTORY"] ?? "").split(":");
  const own = ownUserId() === 0 ? [SYSTEM_FOLDER] : [];
  return [...(isAbsolute(given) ? [given] : []), ...own, ...ofUser(environment)];
}

/** The folders to look into. */
export function foldersToRead(environment: Environment): readonly string[] {
  return [...new Set([SYSTEM_FOLDER, ...foldersToWrite(environment)])];
}

/** A folder to look into for a larder's secret, and whose files count there: those of the folder's owner. */
export type SecretFolder = { readonly path: string; readonly ownerId: number };

/**
 * The folders to look into for secrets: this user's own, and for root those of all users. What root finds there it hands to
 * none but the larder that wrote it, so that it does not matter whose it is.
 */
export function foldersOfSecrets(environment: Environment): readonly SecretFolder[] {
  const isRoot = ownUserId() === 0;
  const paths = [...foldersToRead(environment), ...(isRoot ? foldersOfUsers() : [])];
  return [...new Set(paths)].flatMap((path) => {
    const details = statOf(path);
    if (details === null || !details.isDirectory() || (details.mode & 0o022) !== 0) return [];
    return isRoot || details.uid === ownUserId() ? [{ path, ownerId: details.uid }] : [];
  });
}

/** More users than any machine has that runs larder. */
const MOST_USERS = 1000;
const SESSIONS = "/run/user";

function foldersOfUsers(): readonly string[] {
  const sessions = namesIn(SESSIONS).map((name) => join(SESSIONS, name, "larder"));
  const temporary = namesIn(tmpdir()).filter((name) => /^larder-\d+$/.test(name));
  return [...sessions, ...temporary.map((name) => join(tmpdir(), name))].slice(0, MOST_USERS);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // There is none.
  }
}

function statOf(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

const SYSTEM_FOLDER = "/run/larder";

function ofUser(environment: Environment): readonly string[] {
  const session = environment["XDG_RUNTIME_DIR"] ?? "";
  const temporary = join(tmpdir(), `larder-${ownUserId()}`);
  return isAbsolute(session) ? [join(session, "larder"), temporary] : [temporary];
}

/**
 * Makes the folder unless it is there. False when it cannot be made, or is not to be trusted: somebody else's, a link, one
 * that others write to.
 */
export function prepareFolder(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
    // Others may look into root's folder: which port a larder has is no secret, and all of its users look for it.
    if (folder === SYSTEM_FOLDER) chmodSync(folder, 0o755);
  } catch {
    // It is there, or cannot be made; the look at it tells.
  }
  return trustedOwners(folder) !== null;
}

/**
 * The users whose files in this folder count: root, this user, and whom root gave the folder to, as a service manager does
 * (`/run/larder` of the account that larder runs as). Null when the folder is not to be trusted, or there is none.
 */
export function trustedOwners(folder: string): ReadonlySet<number> | null {
  try {
    const [details, parent] = [lstatSync(folder), lstatSync(dirname(folder))];
    if (!details.isDirectory() || (details.mode & 0o022) !== 0) return null;
    const owners = new Set([0, ownUserId()]);
    // Where root alone makes folders, a folder is somebody's because root made it so.
    if (parent.uid === 0 && (parent.mode & 0o022) === 0) owners.add(details.uid);
    return owners.has(details.uid) ? owners : null;
  } catch {
    return null;
  }
}
