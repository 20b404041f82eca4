/**
 * The key that larder signs ACIs with, in its data folder:
 *
 *     DIR/aci/signing-key.asc     armored private key, mode 0600, made once
 *     DIR/aci/signing-key.asc.*   being made; what a kill leaves is removed at a later start
 */
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AciError } from "../aci-error.ts";
import { generateSigningKey } from "./generate-signing-key.ts";
import { parseSigningKey, type SigningKey } from "./signing-key.ts";
import { isNotFound, nullIfAbsent } from "../../lib/files/system-error.ts";
import { writeOnce } from "../../lib/files/write-once.ts";

const KEY_FILE = "signing-key.asc";
const USER_NAME = "larder ACI signing key";

/** A file that holds the key that ACIs are signed with. */
export type KeyFile = { readonly path: string; load(now: Date): Promise<SigningKey> };

/** Larder's own key in `folder`, made at first need. */
export function ownKeyFile(folder: string): KeyFile {
  return { path: join(folder, KEY_FILE), load: (now) => loadOrMakeSigningKey(folder, now) };
}

/** A draft of a key is a file for milliseconds; one that is this old is nobody's any more. */
const DRAFT_MS = 60_000;

/** Removes the drafts of keys that a kill left in `folder`: they are private keys, too. */
export async function removeKeyDrafts(folder: string, nowMs: number): Promise<void> {
  const names = (await readdir(folder).catch(nullIfAbsent)) ?? [];
  for (const name of names.filter((one) => one.startsWith(`${KEY_FILE}.`))) {
    const path = join(folder, name);
    const found = await stat(path).catch(nullIfAbsent);
    if (found !== null && nowMs - found.mtimeMs > DRAFT_MS) await rm(path, { force: true });
  }
}

/** A key that was given. Loading it throws AciError when there is no such file. */
export function givenKeyFile(path: string): KeyFile {
  return {
    path,
    load: async () => {
      const key = await readKeyFile(path);
      if (key === null) throw new AciError(`the key file ${JSON.stringify(path)} does not exist`);
      return key;
    },
  };
}

/** The key in `folder`, made now if there is none; of several that make one at once, one wins and all get its key. */
export async function loadOrMakeSigningKey(folder: string, now: Date): Promise<SigningKey> {
  const path = join(folder, KEY_FILE);
  const existing = await readKeyFile(path);
  if (existing !== null) return existing;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Where another process was first, its key is as good.
  await writeOnce(path, await generateSigningKey(USER_NAME, now), 0o600);
  const made = await readKeyFile(path);
  if (made === null) throw new Error(`the signing key ${path} vanished while it was made`);
  return made;
}

/** The key in an armored private key file; null when there is no such file. */
export async function readKeyFile(path: string): Promise<SigningKey | null> {
  try {
    return parseSigningKey(await readFile(path, "utf8"), `the key file ${path}`);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}
