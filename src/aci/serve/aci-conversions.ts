import type { Clock } from "../../lib/async/clock.ts";
import { AwaitedFlights } from "../../lib/async/awaited-flights.ts";
import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import { inSpan } from "../../telemetry/traces/current-span.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { AciError } from "../aci-error.ts";
import { aciKeyOf, type ConversionRequest } from "./aci-key.ts";
import type { AciStore, KeptAci } from "./aci-store.ts";
import type { BlobFile, ConversionJob, ConversionResult } from "../convert/conversion-job.ts";
import type { ConversionPool } from "./conversion-pool.ts";
import { signDetached } from "../sign/sign-detached.ts";
import type { SigningKey } from "../sign/signing-key.ts";
import type { KeyFile } from "../sign/signing-key-file.ts";
import { isDiskFull, isReadOnly } from "../../lib/files/system-error.ts";

/** How long it is remembered that something could not be made: no more than that it was so. */
const FAILED_MS = 600_000;
const REMEMBERED = 1000;
/**
 * How long a conversion goes on for nobody. One that is nearly done ends in that time, and who was only cut off, or was
 * promised a signature and told to fetch the ACI, is back by then.
 */
const GRACE_MS = 10_000;

/** Files of the image's blobs. */
export type AciParts = { readonly config: BlobFile; readonly layers: readonly BlobFile[] };

/** Makes ACIs and their signatures at first need, once however many ask, and keeps them. */
export class AciConversions {
  readonly #store: AciStore;
  readonly #pool: ConversionPool;
  readonly #keyFile: KeyFile;
  readonly #now: () => number;
  readonly #flights = new AwaitedFlights<string, KeptAci>(GRACE_MS);
  readonly #failed: ExpiringMap<string, true>;
  #key: Promise<SigningKey> | null = null;

  constructor(store: AciStore, pool: ConversionPool, keyFile: KeyFile, clock: Clock) {
    this.#store = store;
    this.#pool = pool;
    this.#keyFile = keyFile;
    this.#now = clock.now;
    this.#failed = new ExpiringMap(FAILED_MS, REMEMBERED, clock.elapsed);
  }

  /** The key that signs. Throws UNAVAILABLE when its file cannot be used. */
  key(): Promise<SigningKey> {
    this.#key ??= this.#keyFile.load(new Date(this.#now())).catch((error: unknown) => {
      this.#key = null;
      throw error instanceof AciError ? unusableKey(error.message, error) : error;
    });
    return this.#key;
  }

  /** A signature of these bytes by the key, armored and detached. Throws as `key`, and what `bytes` throws. */
  async sign(bytes: AsyncIterable<Uint8Array>): Promise<string> {
    return signDetached(await this.key(), bytes, new Date(this.#now()));
  }

  /** The ACI, signed by the key; null when it is not made yet. */
  async find(request: ConversionRequest): Promise<KeptAci | null> {
    const kept = await this.#store.find(aciKeyOf(request));
    return kept?.signature.fingerprint === (await this.key()).fingerprint ? kept : null;
  }

  /** Did the last attempt to make it fail, some minutes ago at most? */
  hasFailed(request: ConversionRequest): boolean {
    return this.#failed.get(aciKeyOf(request)) !== null;
  }

  /**
   * The ACI, made now if it is not there. `bring` gives the image's blobs as files; it is asked once for all who wait. When
   * `left` has fired for all who asked, the work ends after a while. Throws AciError for an image that cannot be one,
   * STORAGE_FULL, UNAVAILABLE, and what `bring` throws.
   */
  make(request: ConversionRequest, bring: () => Promise<AciParts>, left: AbortSignal): Promise<KeptAci> {
    const key = aciKeyOf(request);
    return this.#flights.run(key, left, async (signal) => {
      try {
        const made = await this.#make(request, bring, signal);
        this.#failed.delete(key);
        return made;
      } catch (error) {
        this.#failed.set(key, true);
        if (isReadOnly(error)) throw readOnly(error);
        throw isDiskFull(error) ? diskFull(error) : error;
      }
    });
  }

  async #make(request: ConversionRequest, bring: () => Promise<AciParts>, signal: AbortSignal): Promise<KeptAci> {
    const { fingerprint } = await this.key();
    const key = aciKeyOf(request);
    const kept = await this.#store.find(key);
    if (kept?.signature.fingerprint === fingerprint) return kept;
    const made =
      kept === null
        ? await inSpan("convert to ACI", { "larder.digest": request.manifestDigest }, async () =>
            this.#convert(key, request, await bring(), signal),
          )
        : await this.#sign(key, kept, signal);
    // Somebody has put another key into the file: it is the one that counts from now on.
    if (made.signature.fingerprint !== fingerprint) this.#key = null;
    return made;
  }

  async #sign(key: string, kept: KeptAci, signal: AbortSignal): Promise<KeptAci> {
    const signed = await this.#run({ kind: "sign", file: kept.path, keyFile: this.#keyFile.path }, signal);
    if (signed.kind !== "signed") throw new Error(`a job to sign ended as ${signed.kind}`);
    return this.#store.sign(key, { ...kept, signature: signed.signature });
  }

  async #convert(
    key: string,
    { manifestDigest, origin }: ConversionRequest,
    { config, layers }: AciParts,
    signal: AbortSignal,
  ): Promise<KeptAci> {
    const file = await this.#store.begin();
    try {
      const keyFile = this.#keyFile.path;
      const job: ConversionJob = { kind: "convert", manifestDigest, config, layers, origin, file, keyFile };
      const made = await this.#run(job, signal);
      if (made.kind !== "converted") throw new Error(`a conversion ended as ${made.kind}`);
      const { sizeBytes, digest, imageId, signature } = made;
      return await this.#store.keep(key, file, { sizeBytes, digest, imageId, signature });
    } catch (error) {
      // The failure is what counts; what cannot be removed now is removed at the next start.
      await this.#store.discard(file).catch(() => {});
      throw error;
    }
  }

  async #run(job: ConversionJob, signal: AbortSignal): Promise<ConversionResult> {
    const result = await this.#pool.run(job, signal);
    if (result.kind !== "failed") return result;
    const { why, message } = result;
    if (why === "input") throw new AciError(message);
    if (why === "key") throw unusableKey(message, new Error(message));
    if (why === "read-only") throw readOnly(new Error(message));
    if (why === "full") throw diskFull(new Error(message));
    if (why === "gone") {
      throw new RegistryError("UNAVAILABLE", "a part of the image was removed while it was converted: ask again");
    }
    throw new Error(message);
  }
}

function unusableKey(why: string, cause: unknown): RegistryError {
  return new RegistryError("UNAVAILABLE", `ACIs cannot be signed, so none is given out: ${why}`, { cause });
}

function readOnly(cause: unknown): RegistryError {
  const why =
    "larder's data folder is on a file system that is read-only now, so no ACI can be made; those that are made are served";
  return new RegistryError("UNAVAILABLE", why, { cause });
}

function diskFull(cause: unknown): RegistryError {
  return new RegistryError(
    "STORAGE_FULL",
    "larder's disk is full: free space there (`larder rm`, then `larder gc`), or keep fewer ACIs with --aci-keep",
    { cause },
  );
}
