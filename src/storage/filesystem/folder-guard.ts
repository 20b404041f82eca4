import { accessSync, closeSync, constants, mkdirSync, openSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../../lib/files/system-error.ts";
import { WritesRefused } from "../storage-error.ts";
import type { WriteGuard } from "../write-guard.ts";

/** How often it is looked whether the data folder is there when nobody writes. */
const LOOK_EVERY_MS = 5000;

/** A look before a write may be so old. */
const MOMENT_MS = 100;

/** What must stay in its place, by its name in the data folder. */
type Watched = { readonly name: string; readonly device: number; readonly inode: number };

/**
 * Sees when the data folder, or a part of it, is no longer what larder opened: removed, renamed, another in its place, a
 * file system mounted over it or taken away. What is written then goes nowhere, although every system call succeeds: open
 * files outlive their names. Or it may be read alone, as the kernel decides for a disk that fails. When the same folder is
 * back, nothing was lost, and writing goes on.
 *
 * A look costs a stat of a cached inode for each of four names, and a question for the right to write.
 */
export class FolderGuard implements WriteGuard {
  readonly #folder: string;
  readonly #onChange: (problem: string | null) => void;
  /** The folder itself is seen by what is in it; this tells people which of them it was. */
  readonly #root: Watched;
  readonly #watched: Watched[] = [];
  readonly #descriptors: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #problem: string | null = null;
  /** What no file that comes back makes good. */
  #damage: string | null = null;
  #lookedAtMs = 0;

  /**
   * Watches a data folder and the folders of blobs and uploads in it, which are made when they are not there. `onChange` is
   * told once when something is wrong, and with null when all is in its place again.
   */
  constructor(dataFolder: string, onChange: (problem: string | null) => void) {
    this.#folder = dataFolder;
    this.#onChange = onChange;
    mkdirSync(dataFolder, { recursive: true });
    this.#root = this.#identify("");
    for (const name of ["blobs", "uploads"]) {
      mkdirSync(join(dataFolder, name), { recursive: true });
      // Kept open, for some file systems give a folder another number once nobody has it open.
      this.#descriptors.push(openSync(join(dataFolder, name), "r"));
      this.watch(name);
    }
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** From now on this file of the data folder must stay as well. Somebody has it open. */
  watch(name: string): void {
    this.#watched.push(this.#identify(name));
  }

  /** What is wrong, and what to do; null when nothing is. */
  get problem(): string | null {
    return this.#look();
  }

  /** From now on nothing may be written, for this reason, which says what to do: until a restart. */
  giveUp(damage: string): void {
    if (this.#damage !== null) return;
    this.#damage = damage;
    this.#problem = damage;
    this.#onChange(damage);
  }

  admit(): void {
    if (performance.now() - this.#lookedAtMs > MOMENT_MS) this.#look();
    if (this.#problem !== null) this.confirm();
  }

  confirm(): void {
    const problem = this.#look();
    if (problem !== null) throw new WritesRefused(problem);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const descriptor of this.#descriptors.splice(0)) closeSync(descriptor);
    this.#watched.length = 0;
  }

  #identify(name: string): Watched {
    const { dev, ino } = statSync(join(this.#folder, name));
    return { name, device: dev, inode: ino };
  }

  #isInPlace({ name, device, inode }: Watched): boolean {
    const found = statOrNull(join(this.#folder, name));
    return found !== null && found.ino === inode && found.dev === device;
  }

  #look(): string | null {
    if (this.#damage !== null) return this.#damage;
    this.#lookedAtMs = performance.now();
    const moved = this.#watched.find((one) => !this.#isInPlace(one));
    const isWell = moved === undefined && !this.#isReadOnly();
    if (isWell === (this.#problem === null)) return this.#problem;
    if (isWell) this.#problem = null;
    else this.#problem = moved === undefined ? this.#describeReadOnly() : this.#describe(moved);
    this.#onChange(this.#problem);
    return this.#problem;
  }

  #isReadOnly(): boolean {
    try {
      accessSync(this.#folder, constants.W_OK);
      return false;
    } catch (error) {
      // Any other failure is told by what could not be written.
      return codeOf(error) === "EROFS";
    }
  }

  #describeReadOnly(): string {
    return (
      `the file system of ${this.#folder} is read-only now: nothing is written. Mend it, and mount it to be written to, ` +
      "and larder goes on by itself; the kernel's log may say why"
    );
  }

  #describe({ name }: Watched): string {
    const path = this.#isInPlace(this.#root) ? join(this.#folder, name) : this.#folder;
    const happened = statOrNull(path) === null ? "is gone" : "is another one now";
    return (
      `${path} ${happened}, not what larder opened: nothing is written, since it would be lost. Put back what was there, ` +
      "and larder goes on by itself; or restart larder, which then looks at what is there"
    );
  }
}

/** What cannot be looked at is as good as gone. */
function statOrNull(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}
