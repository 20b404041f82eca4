import { fullKey, type Origin } from "./given-settings.ts";
import type { EffectiveSettings } from "./effective-settings.ts";
import { ROWS } from "./settings-table.ts";
import type { Setting } from "./setting.ts";
import { type Plain, printPlain } from "./shapes.ts";

/** A setting with its effective value and where that comes from, to be printed. */
export type EffectiveRow = {
  /** The full key: `upstreams.quay.io.tags`. */
  readonly key: string;
  /** As a file would have it; null when nothing was said and there is no default. A secret is masked. */
  readonly value: Plain | null;
  /** For people. */
  readonly words: string;
  readonly origin: Origin;
  /** Does a change need a restart? */
  readonly needsRestart: boolean;
};

const MASK = "********";
const DEFAULT: Origin = { kind: "default" };

/** The effective settings as rows, in the order of the table. Of upstream registries only those that are configured. */
export function effectiveRows({ settings, given }: EffectiveSettings): readonly EffectiveRow[] {
  const ofHosts = ROWS.filter(([key]) => key.includes(".HOST."));
  return ROWS.flatMap(([key, setting]) => {
    if (key.includes(".HOST.")) {
      // All of one registry, then all of the next, where the first of these rows stands.
      if (key !== ofHosts[0]?.[0]) return [];
      return settings.upstreams.flatMap(({ namespace }) =>
        ofHosts.flatMap(([key, setting]) => {
          const said = given.get(fullKey(key, namespace));
          return said === undefined ? [] : [rowOf(fullKey(key, namespace), setting, said.value, said.origin)];
        }),
      );
    }
    const said = given.get(key);
    if (key === "http" || key === "https" || key === "dns") {
      const origin = said?.origin ?? (settings[key].length > 0 ? given.get("standardPorts")?.origin : undefined);
      return [rowOf(key, setting, settings[key], origin ?? DEFAULT)];
    }
    return [rowOf(key, setting, said?.value ?? setting.default, said?.origin ?? DEFAULT)];
  });
}

function rowOf(key: string, setting: Setting, value: unknown, origin: Origin): EffectiveRow {
  const plain = value === null ? null : setting.isSecret ? MASK : (setting.toShown ?? setting.shape.toPlain)(value);
  const usual =
    origin.kind === "default" && setting.defaultWords !== null && isEmpty(plain) ? setting.defaultWords : null;
  const words = usual ?? (isEmpty(plain) ? "-" : printPlain(plain ?? ""));
  return { key, value: plain, words, origin, needsRestart: setting.restart !== null };
}

function isEmpty(plain: Plain | null): boolean {
  return plain === null || (Array.isArray(plain) && plain.length === 0);
}
