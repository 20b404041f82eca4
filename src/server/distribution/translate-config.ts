/** registry:2's configuration in larder's settings. */
import { formatDuration } from "../../lib/text/duration.ts";
import type { GivenSettings } from "../settings/given-settings.ts";
import type { SettingKey } from "../settings/settings-table.ts";
import type { Said } from "./said.ts";
import { translateAccess } from "./translate-access.ts";
import { translateListener } from "./translate-listener.ts";
import { translateNotifications } from "./translate-notifications.ts";
import { translateProxy } from "./translate-proxy.ts";
import { textSaid, Translator } from "./translator.ts";

/** What a configuration of registry:2's means here. */
export type Translation = {
  /** What was said. */
  readonly given: GivenSettings;
  /** What goes with that, unless something else is said anywhere: who may push, for example. */
  readonly implied: GivenSettings;
  /** The keys of what larder does by itself. */
  readonly itself: readonly string[];
};

/** Translates what was said; adds what cannot be honoured to `problems`, each with its place and what to do instead. */
export function translateConfig(said: ReadonlyMap<string, Said>, problems: string[]): Translation {
  const to = new Translator(problems);
  const itself: string[] = [];
  for (const one of said.values()) {
    const { row, key, value } = one;
    const { verdict } = row;
    if (verdict.kind === "itself") itself.push(key);
    else if (verdict.kind === "refused") {
      if (verdict.asks(value)) to.refuse(one, verdict.words);
    } else if (verdict.give !== null && value !== "") {
      for (const [setting, plain] of Object.entries(verdict.give(value))) to.give(setting as SettingKey, plain, one);
    }
  }
  checkVersion(said, to);
  translateLog(said, to);
  translateStorage(said, to);
  translateListener(said, to);
  translateAccess(said, to);
  translateProxy(said, to);
  translateNotifications(said, to);
  return { given: to.given, implied: to.implied, itself };
}

function checkVersion(said: ReadonlyMap<string, Said>, to: Translator): void {
  const version = said.get("version");
  if (version !== undefined && version.value !== "0.1") to.refuse(version, "there is version 0.1 alone");
}

function translateLog(said: ReadonlyMap<string, Said>, to: Translator): void {
  const level = textSaid(said, "log.level") ?? textSaid(said, "loglevel");
  if (level !== null) to.give("log", level.text === "warn" ? "warning" : level.text, level);
  const fields = [...said.values()].filter(({ row }) => row.key === "log.fields.*");
  const [first] = fields;
  if (first !== undefined) {
    const written = fields.map(({ key, value }) => [key.slice("log.fields.".length), value as string]);
    to.give("logFields", Object.fromEntries(written), first);
  }
  const formatter = textSaid(said, "log.formatter");
  if (formatter === null) return;
  if (formatter.text === "logstash")
    to.refuse(formatter, "larder's log is text or json, without logstash's own form; say json");
  else to.give("logFormat", formatter.text === "json" ? "json" : "human", formatter);
}

/** Longer than anybody waits for an upload to go on. */
const KEPT_MS = 3650 * 86_400_000;

function translateStorage(said: ReadonlyMap<string, Said>, to: Translator): void {
  const [on, dry] = ["enabled", "dryrun"].map((name) => said.get(`storage.maintenance.uploadpurging.${name}`));
  const off = on?.value === false ? on : dry?.value === true ? dry : undefined;
  if (off !== undefined) to.give("gc.uploads", formatDuration(KEPT_MS), off);
  const platforms = said.get("validation.manifests.indexes.platforms");
  if (platforms?.value === "none") to.give("sparse", true, platforms);
  if (platforms?.value === "list") {
    to.refuse(platforms, "larder takes images with all their platforms (all), or with any (none)");
  }
}
