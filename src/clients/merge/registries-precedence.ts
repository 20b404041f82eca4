/**
 * Whose tables of registries.conf count: larder's, or somebody else's? Of the tables for a prefix the one that is read
 * last counts, in one file the first; the longest prefix wins (containers-registries.conf(5)).
 * script/registries-conf.awk does the same on nodes; a test holds the two together.
 */
import { BadRegistriesConf, parseRegistriesConf, type RegistryTable } from "./registries-tables.ts";

/** Where a file stands in the order of reading. `home` and `homedir` are what older programs read instead of all others. */
type PlaceInOrder = "home" | "before" | "ours" | "after" | "homedir";

/** A registries.conf, or a file of registries.conf.d, with its place in the order of reading. */
export type RegistriesFile = { readonly path: string; readonly text: string; readonly place: PlaceInOrder };

/** A table, and the file that it stands in. */
type Owned = RegistryTable & { readonly path: string; readonly place: PlaceInOrder };

/** Something that keeps larder's tables from counting. The message has no path and no full stop at its end. */
type Shadow = { readonly path: string; readonly line: number | null; readonly message: string };

/** What the files say together. */
export type RegistriesOrder = {
  /** The table that counts, for each prefix. */
  readonly winners: readonly Owned[];
  readonly shadows: readonly Shadow[];
};

/** Looks at files in the order of reading. Files that no program takes are among the shadows. */
export function orderRegistries(files: readonly RegistriesFile[]): RegistriesOrder {
  const shadows: Shadow[] = [];
  const tables: Owned[] = [];
  for (const { path, text, place } of files) {
    try {
      const isDropIn = /\.conf\.d\/[^/]*$/.test(path);
      tables.push(...parseRegistriesConf(text, isDropIn).map((table) => ({ ...table, path, place })));
    } catch (error) {
      if (!(error instanceof BadRegistriesConf)) throw error;
      shadows.push({ path, line: null, message: `${error.message}: with it, nothing is pulled at all` });
    }
  }
  for (const table of tables.filter(({ fault }) => fault !== null)) {
    shadows.push(shadow(table, `${table.fault}: with it, nothing is pulled at all`));
  }
  const winners = new Map(tables.map((table) => [table.prefix, table]));
  for (const mine of tables.filter(({ place }) => place === "ours")) {
    shadows.push(...shadowsOver(mine, tables, [...winners.values()]));
  }
  return { winners: [...winners.values()], shadows: [...shadows, ...shadowOfHome(files, tables)] };
}

function shadowsOver(mine: Owned, tables: readonly Owned[], winners: readonly Owned[]): readonly Shadow[] {
  const { prefix } = mine;
  const before = tables.findLast(
    (table) => table.prefix === prefix && (table.place === "before" || table.place === "home"),
  );
  const found: Shadow[] = [];
  if (before?.isBlocked === true) {
    found.push(shadow(before, `it blocks ${prefix}, which larder's table would lift. Take that out`));
  }
  for (const other of winners) {
    if (other === mine || leadsAlike(other, mine)) continue;
    if (other.prefix === prefix) {
      found.push(
        shadow(
          other,
          `its table for ${prefix} is read after larder's and counts instead of it: pulls would go past larder. Take it out`,
        ),
      );
    } else if (other.prefix.startsWith(`${prefix}/`)) {
      const message = `its table for ${other.prefix} counts more than larder's for ${prefix}, being narrower: those pulls would go past larder. Take it out, or have it lead to ${beside(other, mine)}`;
      found.push(shadow(other, message));
    } else if (covers(other.prefix, prefix)) {
      found.push(
        shadow(
          other,
          `its table for ${other.prefix} counts more than larder's for ${prefix}: pulls would go past larder. Take it out`,
        ),
      );
    }
  }
  return found;
}

/** Older programs, where root has a file of its own, read that and its drop-ins alone. */
function shadowOfHome(files: readonly RegistriesFile[], tables: readonly Owned[]): readonly Shadow[] {
  const home = files.find(({ place }) => place === "home");
  if (home === undefined) return [];
  const there = new Map(tables.filter(({ place }) => place.startsWith("home")).map((table) => [table.prefix, table]));
  const lacking = tables
    .filter((table) => table.place === "ours")
    .filter((mine) => {
      const other = there.get(mine.prefix);
      return other === undefined || !leadsAlike(other, mine);
    })
    .map(({ prefix }) => prefix);
  if (lacking.length === 0) return [];
  const message = `where it is, Podman, Buildah, skopeo and CRI-O read it instead of what is in /etc/containers, and it has not larder's tables for ${lacking.join(", ")}. Move it away, or add them to it`;
  return [{ path: home.path, line: null, message }];
}

function shadow({ path, line }: Owned, message: string): Shadow {
  return { path, line, message };
}

/** Does it bring the same images to the same place? */
function leadsAlike(other: RegistryTable, mine: RegistryTable): boolean {
  if (other.isBlocked || !`${other.prefix}/`.startsWith(`${mine.prefix}/`)) return false;
  const { first } = other;
  return (
    first !== null && first.location === beside(other, mine) && (first.isInsecure || mine.first?.isInsecure !== true)
  );
}

/** Where larder has what a narrower table is for. */
function beside(other: RegistryTable, mine: RegistryTable): string {
  return `${mine.first?.location ?? ""}${other.prefix.slice(mine.prefix.length)}`;
}

/** A prefix with a star counts more when it is as long: `*.example.com`, and `r.example.com`. */
function covers(star: string, prefix: string): boolean {
  const tail = star.slice(1);
  return star.startsWith("*.") && star.length >= prefix.length && prefix.length > tail.length && prefix.endsWith(tail);
}
