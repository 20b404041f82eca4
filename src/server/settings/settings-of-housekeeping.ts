import { retentionRules } from "./retention-shape.ts";
import { age, duration, interval, period, rate, size, sizeOrShare, text } from "./shapes.ts";
import { row } from "./setting.ts";

const AT_THE_START = "it is opened at the start";

/** Settings of a server: what goes by itself and when, and what is looked after. */
export const HOUSEKEEPING_SETTINGS = {
  "gc.grace": row({
    flag: "--gc-grace <duration>",
    shape: duration,
    help: "how long blobs of a push in flight stay without their manifest",
    default: 3_600_000,
  }),
  "gc.every": row({
    shape: interval,
    help: "how often space is given back",
    default: 600_000,
    restart: "its clock is set at the start",
  }),
  "gc.uploads": row({ shape: duration, help: "when a silent upload is given up", default: 86_400_000 }),
  "verify.rate": row({
    flag: "--verify-rate <rate>",
    shape: rate,
    help: "how fast all blobs are read and compared with their digests, over and over, in the background",
    default: 20e6,
  }),
  "verify.every": row({
    flag: "--verify-every <duration>",
    shape: period,
    help: "how long after its beginning the next such pass over all blobs begins; never: larder verify alone does it",
    default: 30 * 86_400_000,
  }),
  "untagged.pushed": row({
    shape: age,
    help: "when a pushed manifest goes that a tag has left behind and nobody has pulled since",
    default: 30 * 86_400_000,
  }),
  "untagged.cached": row({
    shape: age,
    help: "the same for a cached one, which is fetched anew when somebody wants it",
    default: 7 * 86_400_000,
  }),
  "retention.rules": row({
    shape: retentionRules,
    help: "which pushed tags go by themselves (docs/space.md)",
    default: [],
  }),
  "retention.wait": row({
    shape: duration,
    help: "for how long rules that were changed only say what they would remove",
    default: 86_400_000,
  }),
  maxSize: row({
    flag: "--max-size <size>",
    shape: size,
    help: "how large the data folder may get: cached images that were pulled longest ago are evicted before it is. Pushed ones may take more",
    defaultWords: "no limit",
  }),
  keepFree: row({
    flag: "--keep-free <size|percent>",
    shape: sizeOrShare,
    help: "how much of the disk stays free: cached images are evicted for it in the same way. 0: all of it may be used",
    defaultWords: "1GB, on disks below 20GB 5%",
  }),
  aciFiles: row({
    flag: "--aci-files <folder>",
    shape: text,
    help: "serve the files in it at /aci/ as they are, beside converted images",
    restart: AT_THE_START,
  }),
  aciKey: row({
    flag: "--aci-key <file>",
    shape: text,
    help: "sign ACIs with this armored private key",
    defaultWords: "larder's own",
    restart: AT_THE_START,
  }),
  aciKeep: row({
    flag: "--aci-keep <size>",
    shape: size,
    help: "keep so much of converted ACIs, those used last",
    default: 10e9,
  }),
} as const;
