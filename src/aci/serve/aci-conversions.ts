import type { Clock } from "../../lib/async/clock.ts";
import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import { SingleFlight } from "../../lib/async/single-flight.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { AciError } from "../aci-error.ts";
import { aciKeyOf, type ConversionRequest } from "./aci-key.ts";
import type { AciStore, KeptAci } from "./aci-store.ts";
import type { BlobFile, ConversionJob, ConversionResult } from "../convert/conversion-job.ts";
import type { ConversionPool } from "./conversion-pool.ts";
import type { SigningKey } from "../sign/signing-key.ts";
import type { KeyFile } from "../sign/signing-key-file.ts";
import { isDiskFull } from "../../lib/files/system-error.ts";

/** How long an image that cannot be converted is not tried again. */
const REFUSED_MS = 60_000;
const REMEMBERED = 1000;

/** Files of the image's blobs. */
export type AciParts = { readonly config: BlobFile; readonly layers: readonly BlobFile[] };

/** Makes ACIs and their signatures at first need, once however many ask, and keeps them. */
export class AciConversions {
  readonly #store: AciStore;
  readonly #pool: ConversionPool;
  readonly #keyFile: KeyFile;
  readonly #now: () => number;
  readonly #flights = new SingleFlight<string, KeptAci>();
  readonly #refused: ExpiringMap<string, AciError>;
  #key: Promise<SigningKey> | null = null;

  constructor(store: AciStore, pool: ConversionPool, keyFile: KeyFile, clock: Clock) {
    this.#store = store;
    this.#pool = pool;
    this.#keyFile = keyFile;
    this.#now = clock.now;
    this.#refused = new ExpiringMap(REFUSED_MS, REMEMBERED, clock.elapsed);
  }

  /** The key that signs. Throws AciError when its file cannot be used. */
  key(): Promise<SigningKey> {
    this.#key ??= this.#keyFile.load(new Date(this.#now())).catch((error: unknown) => {
      this.#key = null;
      throw error;
    });
    return this.#key;
  }

  /** The ACI, signed by the key; null when it is not made yet. Throws AciError when it could not be made a moment ago. */
  async find(request: ConversionRequest): Promise<KeptAci | null> {
    const refused = this.#refused.get(aciKeyOf(request));
    if (refused) throw refused;
    const kept = await this.#store.find(aciKeyOf(request));
    return kept?.signature.fingerprint === (await this.key()).fingerprint ? kept : null;
  }

  /**
   * The ACI, made now if it is not there. `bring` gives the image's blobs as files; it is asked once for all who wait.
   * Throws AciError for an image that cannot be one, STORAGE_FULL, UNAVAILABLE, and what `bring` throws.
   */
  make(request: ConversionRequest, bring: () => Promise<AciParts>): Promise<KeptAci> {
    return this.#flights.run(aciKeyOf(request), async () => {
      try {
        return await this.#make(request, bring);
      } catch (error) {
        if (error instanceof AciError) this.#refused.set(aciKeyOf(request), error);
        throw isDiskFull(error) ? diskFull(error) : error;
      }
    });
  }

  async #make(request: ConversionRequest, bring: () => Promise<AciParts>): Promise<KeptAci> {
    const { fingerprint } = await this.key();
    const key = aciKeyOf(request);
    const kept = await this.#store.find(key);
    if (kept === null) return this.#convert(key, request, await bring());
    if (kept.signature.fingerprint === fingerprint) return kept;
    const signed = await this.#run({ kind: "sign", file: kept.path, keyFile: this.#keyFile.path });
    if (signed.kind !== "signed") throw new Error(`a job to sign ended as ${signed.kind}`);
    return this.#store.sign(key, { ...kept, signature: signed.signature });
  }

  async #convert(
    key: string,
    { manifestDigest, origin }: ConversionRequest,
    { config, layers }: AciParts,
  ): Promise<KeptAci> {
    const file = await this.#store.begin();
    try {
      const keyFile = this.#keyFile.path;
      const made = await this.#run({ kind: "convert", manifestDigest, config, layers, origin, file, keyFile });
      if (made.kind !== "converted") throw new Error(`a conversion ended as ${made.kind}`);
      const { sizeBytes, digest, imageId, signature } = made;
      return await this.#store.keep(key, file, { sizeBytes, digest, imageId, signature });
    } catch (error) {
      await this.#store.discard(file);
      throw error;
    }
  }

  async #run(job: ConversionJob): Promise<ConversionResult> {
    const result = await this.#pool.run(job);
    if (result.kind !== "failed") return result;
    const { why, message } = result;
    if (why === "input") throw new AciError(message);
    if (why === "full") throw diskFull(new Error(message));
    if (why === "gone") {
      throw new RegistryError("UNAVAILABLE", "a part of the image was removed while it was converted: ask again");
    }
    throw new Error(message);
  }
}

function diskFull(cause: unknown): RegistryError {
  return new RegistryError(
    "STORAGE_FULL",
    "larder's disk is full: free space there (`larder rm`, then `larder gc`), or keep fewer ACIs with --aci-keep",
    { cause },
  );
}
