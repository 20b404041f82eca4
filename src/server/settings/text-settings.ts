/** What flags and variables say. */
import type { Namespace } from "../../oci/repository-name.ts";
import { tryParseStandIn } from "../../registry/names/stand-ins.ts";
import { fullKey, type Given, type Origin } from "./given-settings.ts";
import { withoutUserInfo } from "./shapes.ts";
import { SETTINGS, type SettingKey } from "./settings-table.ts";
import type { Setting } from "./setting.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/**
 * Reads the texts that a flag or a variable gives to a setting: several for a list, or for several HOSTs
 * (`HOST=VALUE`). Adds problems to `problems`; the values without a problem are returned all the same.
 */
export async function readTexts(
  key: SettingKey,
  texts: readonly string[],
  origin: Origin & { readonly name: string },
  problems: string[],
): Promise<readonly Given[]> {
  const setting = SETTINGS[key] as Setting;
  const given = new Map<string, Given>();
  for (const text of texts) {
    try {
      const { host, value: said } = key.includes(".HOST.") ? splitHost(text) : { host: null, value: text };
      const value = await readText(setting, said);
      const full = fullKey(key, host);
      const before = given.get(full)?.value;
      const all = setting.shape.isList && before !== undefined ? [...(before as []), ...(value as [])] : value;
      given.set(full, { key, host, value: all, origin });
    } catch (error) {
      const why = error instanceof Unreadable ? `write ${setting.write}` : describeFailure(error);
      problems.push(`${placeOf(origin, setting.isSecret ? "…" : withoutUserInfo(text))}: ${why}`);
    }
  }
  return [...given.values()];
}

/** A text that says nothing. */
class Unreadable extends Error {}

async function readText(setting: Setting, text: string): Promise<unknown> {
  if (setting.readText !== null) return setting.readText(text);
  const value = setting.shape.fromText(text);
  if (value === null) throw new Unreadable();
  return value;
}

function splitHost(text: string): { readonly host: Namespace; readonly value: string } {
  const equals = text.indexOf("=");
  const host = tryParseStandIn(text.slice(0, Math.max(0, equals)));
  if (host === null) throw new Unreadable();
  return { host, value: text.slice(equals + 1) };
}

function placeOf(origin: Origin & { readonly name: string }, text: string): string {
  return origin.kind === "flag" ? `${origin.name} ${text}` : `${origin.name}=${text}`;
}
