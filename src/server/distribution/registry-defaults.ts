import type { GivenSettings } from "../settings/given-settings.ts";
import { Translator } from "./translator.ts";

const ORIGIN = { kind: "default" } as const;

/** Where registry:2 keeps its data, and where those who run it have mounted a volume. */
export const REGISTRY_DATA: GivenSettings = dataOf(new Translator([])).implied;

function dataOf(to: Translator): Translator {
  to.imply("data", "/var/lib/registry", ORIGIN);
  return to;
}

/**
 * What holds where larder is called as registry:2 is, and nobody says anything else: as there. Without `auth` everybody pulls and
 * pushes; what a tag has left behind stays until somebody removes it; a name without a registry is looked for nowhere else. What
 * names one that larder stands in for (`docker.io/library/alpine`, a spoofed host) is fetched: nobody who ran registry:2 asked it for that.
 */
export function registryDefaults(isForEveryone: boolean): GivenSettings {
  const problems: string[] = [];
  const to = dataOf(new Translator(problems));
  to.imply("http", ":5000", ORIGIN);
  to.imply("delete", false, ORIGIN);
  to.imply("unqualified", [], ORIGIN);
  to.imply("untagged.pushed", "never", ORIGIN);
  to.imply("gc.uploads", "7d", ORIGIN);
  to.imply("locations", "absolute", ORIGIN);
  to.imply("lists.catalog", 1000, ORIGIN);
  to.imply("lists.bareNames", true, ORIGIN);
  if (isForEveryone) to.imply("open", true, ORIGIN);
  // A default that its own setting would not take must not vanish in silence: some of them close what would be open.
  if (problems.length > 0) throw new Error(problems.join("; "));
  return to.implied;
}
