import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import type { Gate } from "../access/gate.ts";
import { AciError } from "../aci/aci-error.ts";
import { AciStore } from "../aci/serve/aci-store.ts";
import { AciConversions } from "../aci/serve/aci-conversions.ts";
import { ConversionPool } from "../aci/serve/conversion-pool.ts";
import { givenKeyFile, ownKeyFile, removeKeyDrafts } from "../aci/sign/signing-key-file.ts";
import { AciFiles } from "../http/aci/aci-files.ts";
import { type AciImageParts, AciImages } from "../http/aci/aci-images.ts";
import { AciIndex } from "../http/aci/aci-index.ts";
import { AciNames } from "../http/aci/aci-names.ts";
import { AciPages } from "../http/aci/aci-pages.ts";
import type { Registry } from "../http/distribution/distribution-api.ts";
import type { HeldImages } from "../registry/images/held-images.ts";
import type { ImageCacher } from "../registry/images/image-cacher.ts";
import type { Clock } from "../lib/async/clock.ts";
import type { Turns } from "../lib/async/turns.ts";
import { hostWithoutPort } from "../lib/net/host-port.ts";
import type { Log } from "../telemetry/log.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";

/** What the pages of `/aci/` are composed over: the data folder, the stores and the registry's parts. */
export type AciFoundation = {
  readonly dataFolder: string;
  readonly blobStore: AciImageParts["store"];
  readonly registry: Registry;
  readonly held: HeldImages;
  readonly cacher: ImageCacher;
  readonly turns: Turns;
  /** This program, as a command line. */
  readonly program: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly gate: Gate;
};

/** The pages of `/aci/`, and what is behind them. */
export type AciComposition = {
  readonly pages: AciPages;
  /** Throws AciError when the key or the folder that was given cannot be used. */
  readonly check: () => Promise<void>;
  /** Removes what a kill left. Never fails: a larder whose disk is read-only serves. */
  readonly start: () => Promise<void>;
  /** Ends conversions. */
  readonly stop: () => Promise<void>;
};

/** Wires what answers for `/aci/`. */
export function composeAci(
  settings: CurrentSettings,
  { dataFolder, blobStore, registry, held, cacher, turns, program, clock, log, gate }: AciFoundation,
): AciComposition {
  const { hosts, manifests, blobs, pulls } = registry;
  const { aciFiles, aciKey } = settings.now;
  const folder = join(dataFolder, "aci");
  const pool = new ConversionPool(program);
  const store = new AciStore(join(folder, "converted"), () => settings.now.aciKeepBytes, clock.now);
  const keyFile = aciKey === null ? ownKeyFile(folder) : givenKeyFile(resolve(aciKey));
  const files = aciFiles === null ? null : new AciFiles(aciFiles);
  const ownNames = settings.derive(({ names: [own = hostname(), ...others] }): [string, ...string[]] => [
    ownHost(own),
    ...others.map(ownHost),
  ]);
  const names = new AciNames(hosts, held, ownNames);
  const conversions = new AciConversions(store, pool, keyFile, clock);
  const pages = new AciPages({
    names,
    images: new AciImages({ manifests, pulls, blobs, cacher, turns, store: blobStore }),
    conversions,
    index: new AciIndex(held, files, names),
    files,
    gate,
  });
  return {
    pages,
    check: async () => {
      if (aciKey !== null) await conversions.key();
      if (aciFiles !== null) await checkAciFolder(aciFiles);
    },
    start: async () => {
      try {
        await store.tidy();
        await removeKeyDrafts(folder, clock.now());
      } catch (error) {
        log.write("warning", "what was left of ACIs could not be removed", { folder, error: String(error) });
      }
    },
    stop: () => pool.stop(),
  };
}

/** Throws AciError when the folder of ACI files cannot be used. */
export async function checkAciFolder(path: string): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AciError(`the folder of ACI files ${JSON.stringify(path)} cannot be read: ${String(cause)}`, { cause });
  });
  if (!found.isDirectory()) throw new AciError(`${JSON.stringify(path)} is no folder that ACI files could be in`);
}

function ownHost(name: string): string {
  return hostWithoutPort(name).toLowerCase();
}
