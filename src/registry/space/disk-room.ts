import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import { KeyedMutex } from "../../lib/async/keyed-mutex.ts";
import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { WritesRefused } from "../../storage/storage-error.ts";
import type { StatisticsStore } from "../../storage/statistics.ts";
import type { Log } from "../../telemetry/log.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import type { ReservedRoom, Room } from "../pull/room.ts";
import type { Evictor } from "./evictor.ts";
import { keptFreeBytes, type SpaceLimits } from "./space-limits.ts";

/** What the room is measured by. */
export type DiskRoomParts = {
  readonly limits: () => SpaceLimits;
  readonly statistics: Pick<StatisticsStore, "totals">;
  /** Bytes of the data folder besides blobs and what is being fetched. */
  readonly otherBytes: () => Promise<number>;
  readonly disk: () => Promise<{ readonly freeBytes: number; readonly sizeBytes: number }>;
  readonly evictor: Pick<Evictor, "evict" | "protect">;
  /** Is contacting upstream forbidden? What is given up then does not come back. */
  readonly isOffline: () => boolean;
  readonly log: Log;
  readonly elapsed: () => number;
};

/** How far under the limit an eviction goes, so that not each pull causes one: of the whole, and of what is kept free. */
const SLACK_OF_MAX = 0.05;
const SLACK_OF_FREE = 0.1;
/** Rounds of one eviction: what was measured to be given back may turn out to be held. */
const ROUNDS = 10;
/** After an eviction that found nothing to give up, none is tried for so long. */
const FUTILE_MS = 10_000;
/** Bytes besides blobs are added up at most this often. */
const OTHERS_MS = 30_000;

type Reservation = ReservedRoom & { readonly bytes: number };

/** How much is used, and how much is missing until the limits are kept; below 0: so much more fits. */
export type RoomState = {
  readonly usedBytes: number;
  readonly freeBytes: number;
  readonly diskBytes: number;
  readonly maxBytes: number | null;
  readonly keepFreeBytes: number;
  readonly lackBytes: number;
  /** Why the limits could not be kept, were there not a single image; null: they could. */
  readonly unattainable: string | null;
};

/**
 * Keeps larder's data folder within its limits, by evicting cached images before something comes that would not fit. Room is
 * made for one after the other, in their order: what was promised to one counts for the next.
 */
export class DiskRoom implements Room {
  readonly #parts: DiskRoomParts;
  readonly #reserved = new Set<Reservation>();
  readonly #line = new KeyedMutex<"room">();
  readonly #others: ExpiringMap<"bytes", number>;
  #futileUntilMs = Number.NEGATIVE_INFINITY;
  #problem: string | null = null;
  #hasEvicted = false;

  constructor(parts: DiskRoomParts) {
    this.#parts = parts;
    this.#others = new ExpiringMap(OTHERS_MS, 1, parts.elapsed);
  }

  /** Why the limits are not kept, and what to do; null when they are. */
  get problem(): string | null {
    return this.#problem;
  }

  async reserve(digest: Digest, bytes: number): Promise<ReservedRoom> {
    // Nothing goes that it is fetched for.
    const unprotect = this.#parts.evictor.protect(digest);
    try {
      return await this.#line.run("room", () => this.#reserve(bytes, unprotect));
    } catch (error) {
      unprotect();
      // A folder that has gone has no room, and a pull depends on none.
      if (error instanceof RegistryError) throw error;
      throw new WritesRefused(`it cannot be told how much room there is: ${describeFailure(error)}`);
    }
  }

  /** Evicts what is over the limits, if anything is. To be called when something has grown. Never fails. */
  async keep(): Promise<void> {
    try {
      await this.#line.run("room", async () => {
        if ((await this.state()).lackBytes > 0) await this.#make();
        else this.#note(null);
      });
    } catch (error) {
      this.#parts.log.write("warning", "space could not be made", { error: describeFailure(error) });
    }
  }

  /** What is used, and what is missing. */
  async state(): Promise<RoomState> {
    const { limits, statistics, disk } = this.#parts;
    const [{ freeBytes, sizeBytes }, { blobBytes }, others] = await Promise.all([
      disk(),
      statistics.totals(),
      this.#otherBytes(),
    ]);
    const told = limits();
    const keepFreeBytes = keptFreeBytes(told, sizeBytes);
    let [promised, unwritten] = [0, 0];
    for (const { bytes, writtenBytes } of this.#reserved) {
      promised += bytes;
      unwritten += Math.max(0, bytes - writtenBytes());
    }
    const usedBytes = blobBytes + others + promised;
    const overMax = told.maxBytes === null ? Number.NEGATIVE_INFINITY : usedBytes - told.maxBytes;
    const underFree = keepFreeBytes === 0 ? Number.NEGATIVE_INFINITY : keepFreeBytes + unwritten - freeBytes;
    const lackBytes = Math.max(overMax, underFree);
    const unattainable = whyUnattainable(told.maxBytes, keepFreeBytes, others, sizeBytes);
    return {
      usedBytes,
      freeBytes,
      diskBytes: sizeBytes,
      maxBytes: told.maxBytes,
      keepFreeBytes,
      lackBytes,
      unattainable,
    };
  }

  async #reserve(bytes: number, unprotect: () => void): Promise<ReservedRoom> {
    const reservation: Reservation = {
      bytes,
      writtenBytes: () => 0,
      release: () => {
        this.#reserved.delete(reservation);
        unprotect();
      },
    };
    this.#reserved.add(reservation);
    try {
      const { lackBytes, maxBytes } = await this.state();
      if (lackBytes <= 0) return reservation;
      if (maxBytes !== null && bytes > maxBytes) throw noRoom(`it alone has more than maxSize`);
      if (!(await this.#make())) throw noRoom(this.#problem ?? "nothing is left that may be evicted");
      return reservation;
    } catch (error) {
      this.#reserved.delete(reservation);
      throw error;
    }
  }

  /** Evicts until the limits are kept with some slack. False when they are not kept all the same. */
  async #make(): Promise<boolean> {
    const { evictor, isOffline, elapsed } = this.#parts;
    if (isOffline()) return this.#fail("larder is offline, and what is given up would not come back");
    for (let round = 0; round < ROUNDS; round++) {
      const { lackBytes, ...state } = await this.state();
      if (lackBytes <= 0) {
        this.#note(null);
        if (round > 0) return true;
      }
      // A wrong unit is not to cost all that is cached.
      if (state.unattainable !== null) return this.#fail(state.unattainable);
      if (elapsed() < this.#futileUntilMs) return this.#problem === null;
      if (!this.#hasEvicted && lackBytes > 0) this.#announce(lackBytes, state);
      const slack = Math.max((state.maxBytes ?? 0) * SLACK_OF_MAX, state.keepFreeBytes * SLACK_OF_FREE);
      const { images, isExhausted, problem } = await evictor.evict(Math.ceil(lackBytes + slack));
      if (problem !== null) return this.#fail(problem);
      if (isExhausted && images === 0) break;
    }
    if ((await this.state()).lackBytes <= 0) {
      this.#note(null);
      return true;
    }
    this.#futileUntilMs = elapsed() + FUTILE_MS;
    return this.#fail("nothing is left that may be evicted: what was pushed or is pinned stays");
  }

  /** Whoever has just brought larder here, with limits of which they may not know, is told before anything goes. */
  #announce(lackBytes: number, { usedBytes, maxBytes, freeBytes, keepFreeBytes }: Omit<RoomState, "lackBytes">): void {
    this.#hasEvicted = true;
    const lines = { lackBytes, usedBytes, ...(maxBytes !== null && { maxBytes }), freeBytes, keepFreeBytes };
    const what = "space is short: from now on the cached images are evicted that were pulled longest ago";
    this.#parts.log.write("warning", what, {
      ...lines,
      advice: "raise maxSize or lower keepFree, or pin what is to stay; larder du --next tells what goes next",
    });
  }

  #fail(why: string): false {
    this.#note(`there is no room for more images, which are passed on to clients without being kept: ${why}`);
    return false;
  }

  /** Something is told once, and again when it has changed. */
  #note(problem: string | null): void {
    if (problem === this.#problem) return;
    const { log } = this.#parts;
    this.#problem = problem;
    if (problem === null) log.write("info", "there is room for images again");
    else log.write("warning", problem, { advice: "remove images or pins, or raise maxSize or lower keepFree" });
  }

  async #otherBytes(): Promise<number> {
    const known = this.#others.get("bytes");
    if (known !== null) return known;
    const bytes = await this.#parts.otherBytes();
    this.#others.set("bytes", bytes);
    return bytes;
  }
}

function whyUnattainable(maxBytes: number | null, keepFree: number, others: number, disk: number): string | null {
  if (keepFree > disk) return `keepFree is more than the whole disk has, so nothing is evicted for it`;
  if (maxBytes === null || maxBytes > others) return null;
  return "maxSize is less than what the data folder takes without any image, so nothing is evicted for it";
}

function noRoom(why: string): RegistryError {
  return new RegistryError("STORAGE_FULL", `the blob is not kept: ${why}; remove images or pins, or raise maxSize`);
}
