import * as v from "valibot";
import type { Namespace } from "../../oci/repository-name.ts";
import { fullKey, type Given, type Origin } from "../settings/given-settings.ts";
import { type SettingKey, SETTINGS } from "../settings/settings-table.ts";
import type { Plain } from "../settings/shapes.ts";
import { placeOf, type Said } from "./said.ts";

/** Notes settings of larder's, each with the place of the key that says it. */
export class Translator {
  readonly given = new Map<string, Given>();
  readonly implied = new Map<string, Given>();
  readonly problems: string[];

  constructor(problems: string[]) {
    this.problems = problems;
  }

  /** Says a setting, by a value as larder.yaml would have it. */
  give(key: SettingKey, plain: Plain, said: Pick<Said, "key" | "origin">, host: Namespace | null = null): void {
    this.#note(this.given, key, plain, said, host);
  }

  /** Says it for the case that nobody says anything else. */
  imply(key: SettingKey, plain: Plain, origin: Origin): void {
    this.#note(this.implied, key, plain, { key, origin }, null);
  }

  refuse(said: Pick<Said, "key" | "origin">, why: string): void {
    this.problems.push(`${placeOf(said)}: ${why}`);
  }

  #note(
    into: Map<string, Given>,
    key: SettingKey,
    plain: Plain,
    said: Pick<Said, "key" | "origin">,
    host: Namespace | null,
  ): void {
    const result = v.safeParse(SETTINGS[key].shape.schema, plain);
    if (!result.success) return this.refuse(said, result.issues.map(({ message }) => message).join("; "));
    into.set(fullKey(key, host), { key, host, value: result.output, origin: said.origin });
  }
}

/** The value of a key, when it asks for something. */
export function textSaid(said: ReadonlyMap<string, Said>, key: string): (Said & { readonly text: string }) | null {
  const one = said.get(key);
  const value = one?.value;
  return one === undefined || typeof value !== "string" || value === "" ? null : { ...one, text: value };
}
