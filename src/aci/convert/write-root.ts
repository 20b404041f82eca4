import { type TarEntry, type TarMember, tarEntry } from "../../lib/tar/tar-entry.ts";
import { AciError } from "../aci-error.ts";
import { cleanPath } from "./clean-path.ts";
import { GarbageCollection } from "./collect-garbage.ts";
import type { LayerSource } from "./image-source.ts";
import { inLayer, openLayer } from "./plan-image.ts";
import type { RootPlan } from "./root-plan.ts";

/**
 * The members of an ACI below `rootfs/`, bodies streamed from the layers: files in the order of the layers and of their
 * entries, each with its hard links behind it, then the directories, inner ones first. With directories last every
 * unpacker ends with their own times and modes, GNU tar too, which sets a directory's time when it goes on to the next.
 */
export async function* rootMembers(
  plan: RootPlan,
  layers: readonly LayerSource[],
  maxBytes: number,
  signal: AbortSignal,
): AsyncGenerator<TarMember> {
  const collection = new GarbageCollection();
  for (const [number, selection] of plan.selections.entries()) {
    const layer = layers[number];
    if (layer === undefined || selection.count === 0) continue;
    let ordinal = 0;
    let written = 0;
    try {
      for await (const { entry, body } of openLayer(layer, maxBytes, signal)) {
        collection.entry(entry.size);
        const current = ordinal++;
        if (!selection.has(current)) continue;
        const { path, hardLinks } = selection.placement(current) ?? {
          path: cleanPath(entry.path).join("/"),
          hardLinks: [],
        };
        written++;
        yield { entry: inRootfs(entry, path), body };
        for (const link of hardLinks) yield { entry: hardLink(entry, link, path), body: null };
      }
    } catch (error) {
      throw inLayer(error, number);
    }
    if (written !== selection.count) throw new AciError(`layer ${number + 1} changed while it was converted`);
  }
  for (const entry of plan.extras) yield { entry: inRootfs(entry, entry.path), body: null };
  for (const entry of plan.directories) yield { entry: inRootfs(entry, entry.path), body: null };
}

/** Owners are numbers in an image; names would be looked up on the machine that unpacks it. */
function inRootfs(entry: TarEntry, path: string): TarEntry {
  return { ...entry, userName: "", groupName: "", path: rootfsPath(path) };
}

function hardLink(file: TarEntry, path: string, target: string): TarEntry {
  const { mode, uid, gid, modifiedAt } = file;
  return tarEntry(rootfsPath(path), "hardlink", { mode, uid, gid, modifiedAt, linkTarget: rootfsPath(target) });
}

function rootfsPath(path: string): string {
  return path === "" ? "rootfs" : `rootfs/${path}`;
}
