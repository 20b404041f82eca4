import type { VerificationTally } from "../../registry/verification/verification-tally.ts";
import type { RottenBlobStore, VerificationStore } from "../../storage/verification.ts";
import { counter, gauge } from "../../telemetry/metrics/metric-family.ts";
import type { MetricReader, Reading } from "../../telemetry/metrics/metric-reader.ts";

const BLOBS = counter("larder_verified_blobs_total", "Blobs that were read and compared with their digests");
const BYTES = counter("larder_verified_bytes_total", "Bytes that were read for that");
const FOUND = counter("larder_rotten_blobs_found_total", "Blobs that were found damaged, missing or not to be read");
const HEALED = counter("larder_rotten_blobs_healed_total", "Such blobs whose right bytes came again");
const ROTTEN = gauge("larder_rotten_blobs", "Blobs whose bytes cannot be had from here now", "rot");
const STARTED = gauge(
  "larder_verification_started_timestamp_seconds",
  "When the pass over all blobs that is on its way, or ended last, began, since unix epoch",
);
const LAST = gauge(
  "larder_verification_last_timestamp_seconds",
  "When a pass over all blobs last came to its end, since unix epoch",
);
const INTERVAL = gauge(
  "larder_verification_interval_seconds",
  "How long after its beginning the next pass over all blobs is to begin",
);

/** What the metrics of verification are read from. */
export type VerificationParts = {
  readonly store: VerificationStore;
  readonly rotten: RottenBlobStore;
  readonly tally: VerificationTally;
  /** Infinite: never. */
  readonly everyMs: () => number;
};

/** The metrics of verification, whoever asked for it. */
export function verificationMetrics({ store, rotten, tally, everyMs }: VerificationParts): MetricReader {
  const read = async (): Promise<readonly Reading[]> => {
    const { blobs, bytes, rotten: found, healed } = tally.totals;
    const counts = await rotten.count();
    const pass = await store.readPass();
    const interval = everyMs();
    return [
      { metric: BLOBS, labels: [], value: blobs },
      { metric: BYTES, labels: [], value: bytes },
      { metric: FOUND, labels: [], value: found },
      { metric: HEALED, labels: [], value: healed },
      ...(["damaged", "missing", "unreadable"] as const).map((rot) => ({
        metric: ROTTEN,
        labels: [rot],
        value: counts[rot],
      })),
      ...(pass === null ? [] : [{ metric: STARTED, labels: [], value: pass.startedAtMs / 1000 }]),
      ...(pass?.lastEndedAtMs == null ? [] : [{ metric: LAST, labels: [], value: pass.lastEndedAtMs / 1000 }]),
      ...(interval === Number.POSITIVE_INFINITY ? [] : [{ metric: INTERVAL, labels: [], value: interval / 1000 }]),
    ];
  };
  const definitions = [BLOBS, BYTES, FOUND, HEALED, ROTTEN, STARTED, LAST, INTERVAL];
  return { name: "verification", definitions, read };
}
