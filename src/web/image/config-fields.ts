import { listIn, objectIn, textIn } from "./image-document.ts";

/** A part of a config in words. */
type ConfigField = { readonly name: string; readonly values: readonly string[] };

/** A config for people; texts are strangers'. */
export type ConfigFacts = {
  readonly fields: readonly ConfigField[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly createdAtMs: number | null;
};

/** Reads an image's config, whatever it is. Source: image-spec v1.1.1, config.md; Docker's additions. */
export function configFacts(document: unknown): ConfigFacts {
  const config = objectIn(document, "config");
  const words = (name: string, values: readonly string[]): readonly ConfigField[] =>
    values.length === 0 ? [] : [{ name, values }];
  const text = (name: string, value: string | null) => words(name, value === null ? [] : [value]);
  const platform = [textIn(document, "os"), textIn(document, "architecture"), textIn(document, "variant")];
  const created = Date.parse(textIn(document, "created") ?? "");
  return {
    fields: [
      ...text("Platform", platform.filter((one) => one !== null).join("/") || null),
      ...text("Entrypoint", commandOf(listIn(config, "Entrypoint"))),
      ...text("Command", commandOf(listIn(config, "Cmd"))),
      ...text("User", textIn(config, "User")),
      ...text("Working directory", textIn(config, "WorkingDir")),
      ...words("Ports", Object.keys(objectIn(config, "ExposedPorts") ?? {})),
      ...words("Volumes", Object.keys(objectIn(config, "Volumes") ?? {})),
      ...text("Stop signal", textIn(config, "StopSignal")),
      ...text("Health check", healthOf(objectIn(config, "Healthcheck"))),
      ...text("Shell", commandOf(listIn(config, "Shell"))),
      ...words("On build", textsIn(listIn(config, "OnBuild"))),
      ...text("Author", textIn(document, "author")),
    ],
    environment: textsIn(listIn(config, "Env")).map((pair) => {
      const equals = pair.indexOf("=");
      return equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
    labels: Object.entries(objectIn(config, "Labels") ?? {}).map(([name, value]) => [name, asText(value)]),
    createdAtMs: Number.isNaN(created) || created <= 0 ? null : created,
  };
}

function textsIn(list: readonly unknown[]): readonly string[] {
  return list.filter((one): one is string => typeof one === "string");
}

/** As a shell would take it. */
function commandOf(list: readonly unknown[]): string | null {
  const words = textsIn(list);
  if (words.length === 0) return null;
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`))
    .join(" ");
}

function healthOf(check: Readonly<Record<string, unknown>> | null): string | null {
  const [kind, ...words] = textsIn(listIn(check, "Test"));
  if (kind === undefined) return null;
  if (kind === "NONE") return "none";
  const command = kind === "CMD-SHELL" ? words.join(" ") : (commandOf(kind === "CMD" ? words : [kind, ...words]) ?? "");
  const times = ["Interval", "Timeout", "StartPeriod"].flatMap((name) => {
    const nanoseconds = check?.[name];
    return typeof nanoseconds === "number" && nanoseconds > 0 ? [`${name.toLowerCase()} ${nanoseconds / 1e9} s`] : [];
  });
  return [command, ...times].join(", ");
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
