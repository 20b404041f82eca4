import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { nullIfAbsent } from "../../lib/files/system-error.ts";
import { syncFolder } from "../../lib/files/sync-folder.ts";
import { type Digest, tryParseDigest } from "../../oci/digest.ts";
import { isCurrentKey } from "./aci-key.ts";

const record = v.object({
  sizeBytes: v.number(),
  digest: v.pipe(
    v.string(),
    v.check((text) => tryParseDigest(text) !== null),
    v.transform((text) => text as Digest),
  ),
  imageId: v.string(),
  signature: v.object({ fingerprint: v.string(), text: v.string() }),
});

/** What is known of a kept ACI: the digest is of the file, the signature armored. */
export type AciRecord = v.InferOutput<typeof record>;

/** A kept ACI and where it is. */
export type KeptAci = AciRecord & { readonly path: string };

/** `usedAtMs` decides who is evicted. */
type Entry = KeptAci & { usedAtMs: number };

/** The time of use is written down at most this often. */
const TOUCH_EVERY_MS = 60_000;

/**
 * Converted ACIs, the least recently used going when there are too many bytes of them:
 *
 *     DIR/aci/converted/KEY.aci     the file, as it is served
 *     DIR/aci/converted/KEY.json    its size, digest, image ID and signature; modified when it was last used
 *     DIR/aci/converted/*.part      being made; what a kill leaves is removed at the next start
 *
 * An ACI is there once its JSON is: the file comes first.
 */
export class AciStore {
  readonly #folder: string;
  readonly #keepBytes: () => number;
  readonly #now: () => number;
  #entries: Promise<Map<string, Entry>> | null = null;

  /** `folder` is DIR/aci/converted. The newest ACI stays even if it alone has more than `keepBytes`, which is asked each time. */
  constructor(folder: string, keepBytes: () => number, now: () => number) {
    this.#folder = folder;
    this.#keepBytes = keepBytes;
    this.#now = now;
  }

  /** Looks at what is there, and removes what a kill left and what conversions no longer make. Makes no folder. */
  async tidy(): Promise<void> {
    await this.#open();
  }

  /** The ACI under a key; null when it is not here, or somebody has touched its file. */
  async find(key: string): Promise<KeptAci | null> {
    const entries = await this.#open();
    const entry = entries.get(key);
    if (entry === undefined) return null;
    const found = await stat(entry.path).catch(() => null); // Gone is gone, for whatever reason.
    if (found?.size !== entry.sizeBytes) {
      await this.#remove(entries, key);
      return null;
    }
    const now = this.#now();
    if (now - entry.usedAtMs > TOUCH_EVERY_MS) {
      // Somebody may have taken it away; then a restart makes the ACI anew, and that is all.
      await utimes(this.#path(key, "json"), now / 1000, now / 1000).catch(() => {});
    }
    entry.usedAtMs = now;
    return entry;
  }

  /** Makes sure of the folder, and gives a path in it for a file that is not finished. */
  async begin(): Promise<string> {
    await this.#open();
    // People may empty the folder, or take it away, at any time.
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    return join(this.#folder, `${randomUUID()}.part`);
  }

  /** Forgets a file that was begun. */
  async discard(part: string): Promise<void> {
    await rm(part, { force: true });
  }

  /** Keeps a finished file, whose bytes are on disk already, and evicts others for it. */
  async keep(key: string, part: string, made: AciRecord): Promise<KeptAci> {
    const entries = await this.#open();
    await rename(part, this.#path(key, "aci"));
    return this.#describe(key, made, entries);
  }

  /** Writes down what is known of the file under a key: another key has signed it. */
  async sign(key: string, made: AciRecord): Promise<KeptAci> {
    return this.#describe(key, made, await this.#open());
  }

  async #describe(key: string, made: AciRecord, entries: Map<string, Entry>): Promise<KeptAci> {
    const { sizeBytes, digest, imageId, signature } = made;
    const part = await this.begin();
    try {
      await writeFile(part, JSON.stringify({ sizeBytes, digest, imageId, signature }), { flush: true });
      await rename(part, this.#path(key, "json"));
    } catch (error) {
      await this.discard(part);
      throw error;
    }
    await syncFolder(this.#folder);
    const entry: Entry = { ...made, path: this.#path(key, "aci"), usedAtMs: this.#now() };
    entries.set(key, entry);
    await this.#evict(entries, key);
    return entry;
  }

  async #evict(entries: Map<string, Entry>, newest: string): Promise<void> {
    let total = [...entries.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const byUse = [...entries].sort(([, a], [, b]) => a.usedAtMs - b.usedAtMs);
    for (const [key, { sizeBytes }] of byUse) {
      if (total <= this.#keepBytes()) return;
      if (key === newest) continue;
      await this.#remove(entries, key);
      total -= sizeBytes;
    }
  }

  async #remove(entries: Map<string, Entry>, key: string): Promise<void> {
    entries.delete(key);
    await rm(this.#path(key, "json"), { force: true });
    await rm(this.#path(key, "aci"), { force: true });
  }

  #path(key: string, kind: "aci" | "json"): string {
    return join(this.#folder, `${key}.${kind}`);
  }

  #open(): Promise<Map<string, Entry>> {
    this.#entries ??= this.#load().catch((error: unknown) => {
      this.#entries = null;
      throw error;
    });
    return this.#entries;
  }

  async #load(): Promise<Map<string, Entry>> {
    const entries = new Map<string, Entry>();
    const names = (await readdir(this.#folder).catch(nullIfAbsent)) ?? [];
    for (const name of names.filter((name) => name.endsWith(".json"))) {
      const key = name.slice(0, -".json".length);
      const known = isCurrentKey(key) ? await this.#read(key) : null;
      if (known !== null) entries.set(key, known);
    }
    for (const name of names) {
      const key = /^(.+)\.(?:aci|json)$/.exec(name)?.[1];
      if (key === undefined || !entries.has(key)) await rm(join(this.#folder, name), { force: true });
    }
    return entries;
  }

  /** Null for what is damaged or half there: it is made again. */
  async #read(key: string): Promise<Entry | null> {
    const path = this.#path(key, "json");
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), record), await readFile(path, "utf8"));
    const file = await stat(this.#path(key, "aci")).catch(() => null);
    if (!parsed.success || file?.size !== parsed.output.sizeBytes) return null;
    return { ...parsed.output, path: this.#path(key, "aci"), usedAtMs: (await stat(path)).mtimeMs };
  }
}
