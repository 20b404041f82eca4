import { ImageVerifier } from "../registry/verification/image-verifier.ts";
import { Inventory } from "../registry/images/inventory.ts";
import type { SearchOrder } from "../registry/names/search-order.ts";
import { BackgroundVerification } from "../registry/verification/background-verification.ts";
import { BlobRepair } from "../registry/verification/blob-repair.ts";
import { BlobVerifier } from "../registry/verification/blob-verifier.ts";
import { Verifications } from "../registry/verification/verifications.ts";
import { VerificationTally } from "../registry/verification/verification-tally.ts";
import type { RegistryComposition } from "./compose-registry.ts";
import type { Foundation, ServerEnvironment } from "./foundation.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";

/** More requests than these at once, or any download, and the background verification gives way. */
const QUIET_REQUESTS = 2;

/** What verifies blobs. */
export type VerificationComposition = ReturnType<typeof composeVerification>;

/** Makes the parts that verify blobs, and wires them. */
export function composeVerification(
  of: RegistryComposition,
  parts: {
    readonly settings: CurrentSettings;
    readonly environment: ServerEnvironment;
    readonly foundation: Foundation;
    readonly order: SearchOrder;
  },
) {
  const { settings, environment, foundation } = parts;
  const { log, clock } = environment;
  const { metadata, guard, turns, checkDatabase, openRequests } = foundation;
  const { rotten, verification: store, leases, transitions, holdings, events } = metadata;
  const { aside, files, notes } = of;
  const repair = new BlobRepair({ rotten, aside, origin: of.blobOrigin, outlook: of.upstreams });
  const verifier = new BlobVerifier({
    store: of.blobs,
    aside,
    files,
    transitions,
    rotten,
    notes,
    repair,
    log,
    now: clock.now,
  });
  const tally = new VerificationTally(events);
  const run = { store, verifier, tally, turns, now: clock.now, elapsed: clock.elapsed };
  return {
    store,
    rotten,
    tally,
    verifications: new Verifications({
      ...run,
      rotten,
      repair,
      leases,
      images: new ImageVerifier({ inventory: new Inventory(metadata, turns), holdings, verifier }),
      checkDatabase: (signal) => checkDatabase(turns.begin(signal)),
    }),
    background: new BackgroundVerification({
      ...run,
      rotten,
      leases,
      log,
      settings: () => settings.now,
      isBusy: () => openRequests() > QUIET_REQUESTS || of.downloads() > 0,
      guard,
    }),
  };
}
