/**
 * The tables of one registries.conf, as far as they say where images are pulled from.
 * Source: containers-registries.conf(5), containers/image 5.24 to 5.42. script/registries-conf.awk reads the same.
 */
import * as v from "valibot";

/** A `[[registry]]`. */
export type RegistryTable = {
  /** What the names of its images begin with; may begin with `*.`, for a part of a host's name. */
  readonly prefix: string;
  /** Where they are asked for, in this order; mirrors that are not for every pull are left out. Never empty strings. */
  readonly places: readonly Place[];
  /** Where the first question for every image goes; null when that depends on the image. */
  readonly first: Place | null;
  /** Are there mirrors? If not, the one place is the registry itself. */
  readonly hasMirrors: boolean;
  readonly isBlocked: boolean;
  /** What makes programs refuse the whole file; null when nothing does. */
  readonly fault: string | null;
  /** Counted from 1; null when it cannot be told. */
  readonly line: number | null;
};

/** `HOST[:PORT][/path]`; insecure: without verifying certificates, and in plain HTTP if need be. */
type Place = { readonly location: string; readonly isInsecure: boolean };

/** A file that programs do not take: then they pull nothing at all. The message is a reason for people. */
export class BadRegistriesConf extends Error {
  override readonly name = "BadRegistriesConf";
}

const flag = v.optional(v.boolean(), false);
const text = v.optional(v.string(), "");
const mirror = v.object({ location: v.string(), insecure: flag, "pull-from-mirror": text });
const registry = v.object({
  prefix: text,
  location: text,
  insecure: flag,
  blocked: flag,
  "mirror-by-digest-only": flag,
  mirror: v.optional(v.array(mirror), []),
});
const versionOne = v.object({
  block: v.optional(v.object({ registries: v.optional(v.array(v.string()), []) })),
});
const schema = v.object({ registry: v.optional(v.array(registry), []), registries: v.optional(versionOne) });

/** Reads a file; the first table of a prefix counts. Throws BadRegistriesConf. */
export function parseRegistriesConf(source: string, isDropIn: boolean): readonly RegistryTable[] {
  const { registry: tables, registries } = parse(source, isDropIn);
  const lines = source.split(/\r?\n/);
  const heads = lines.flatMap((line, index) => (/^\s*\[\[\s*["']?registry["']?\s*\]\]/.test(line) ? [index + 1] : []));
  const found = [
    ...tables.map((table, index) =>
      tableOf(
        table,
        heads.length === tables.length ? (heads[index] ?? null) : lineWith(lines, table.prefix || table.location),
      ),
    ),
    ...(registries?.block?.registries ?? []).map((location) => blockedTable(location, lineWith(lines, location))),
  ];
  return [...new Map(found.toReversed().map((table) => [table.prefix, table])).values()].toReversed();
}

function parse(source: string, isDropIn: boolean): v.InferOutput<typeof schema> {
  let value: unknown;
  try {
    value = Bun.TOML.parse(source.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n"));
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new BadRegistriesConf(`it cannot be understood (${reason})`);
  }
  const isMixed = typeof value === "object" && value !== null && "registries" in value;
  if (isMixed && Object.keys(value as object).length > 1) {
    throw new BadRegistriesConf("it mixes versions 1 and 2 of the format ([registries.…] and others)");
  }
  if (isMixed && isDropIn) {
    throw new BadRegistriesConf("it is in version 1 of the format ([registries.…]), which no drop-in may be");
  }
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  throw new BadRegistriesConf(`it cannot be understood (${parsed.issues[0].message})`);
}

function tableOf(table: v.InferOutput<typeof registry>, line: number | null): RegistryTable {
  const location = withoutSlashes(table.location);
  const own = { location, isInsecure: table.insecure };
  const all = table.mirror.map((entry) => ({
    place: { location: withoutSlashes(entry.location), isInsecure: entry.insecure },
    isForAll: !table["mirror-by-digest-only"] && !entry["pull-from-mirror"].endsWith("-only"),
  }));
  const places = all.length === 0 ? [own] : all.filter(({ isForAll }) => isForAll).map(({ place }) => place);
  const [first] = all;
  return {
    prefix: withoutSlashes(table.prefix) || location,
    places: places.filter((place) => place.location !== ""),
    first: first === undefined ? own : first.isForAll ? first.place : null,
    hasMirrors: all.length > 0,
    isBlocked: table.blocked,
    fault: faultOf(table.prefix, location),
    line,
  };
}

function blockedTable(location: string, line: number | null): RegistryTable {
  const prefix = withoutSlashes(location);
  const first = { location: prefix, isInsecure: false };
  return { prefix, places: [first], first, hasMirrors: false, isBlocked: true, fault: faultOf("", prefix), line };
}

function faultOf(prefix: string, location: string): string | null {
  if (location === "" && !prefix.startsWith("*.")) return "a table without a location";
  return [prefix, location].some((text) => /^https?:\/\//.test(text)) ? "a table with a scheme in it (https://)" : null;
}

function lineWith(lines: readonly string[], what: string): number | null {
  const index = lines.findIndex((line) => line.includes(`"${what}"`) || line.includes(`'${what}'`));
  return index < 0 ? null : index + 1;
}

function withoutSlashes(location: string): string {
  return location.replace(/\/+$/, "");
}
