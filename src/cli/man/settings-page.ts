import { defaultWordsOf, ROWS, type SettingKey, variableOf } from "../../server/settings/settings-table.ts";
import type { Setting } from "../../server/settings/setting.ts";
import {
  asSentence,
  bold,
  definition,
  listing,
  page,
  type PageEdition,
  paragraph,
  section,
  sentences,
  syntax,
} from "./roff.ts";

const EXAMPLE = `http: [":80"]
data: /var/lib/larder
standIn: [docker.io, registry.k8s.io, quay.io]
tags: 10m
upstreams:
  docker.io:
    mirrors: [https://mirror.gcr.io]
  registry.corp.example:
    endpoint: http://10.0.0.9:5000
    username: puller
    passwordFile: /etc/larder/corp
gc: { grace: 2h }`;

/** The page of the settings, larder.yaml(5), out of their table. */
export function settingsPage(edition: PageEdition): string {
  const head = { name: "larder.yaml", section: 5, summary: "settings of larder" } as const;
  return page(head, edition, [
    ...section("Description", [
      paragraph(
        "larder needs no settings. What is wanted otherwise is said by flags of `larder serve`, by variables, or by a file in YAML, which `--config` or LARDER_CONFIG names. Flags win over variables, these over the file, and that over the defaults. A list replaces the one that it wins over.",
      ),
      paragraph(
        "A dot in a key leads into a group; HOST stands for the name of a registry. In the file a list of one may be written without brackets, and an unknown key is an error. Items of a list in a variable are separated by commas or blanks; what a flag or a variable says of one registry is HOST=VALUE.",
      ),
      paragraph(
        "`larder config check` tells all that is wrong with a file, `larder config` what holds and who said so. SIGHUP (`systemctl reload larder`) has larder read the file again.",
      ),
    ]),
    ...section(
      "Settings",
      ROWS.map(([key, setting]) => settingEntry(key, setting)),
    ),
    ...section("Examples", [listing(EXAMPLE.split("\n"))]),
    ...section("Files", [definition(bold("/etc/larder/larder.yaml"), "the settings of larder as a service")]),
    ...section("See also", [`${bold("larder")}(1), ${bold("larder\\-serve")}(1), ${bold("larder\\-config")}(1)`]),
  ]);
}

function settingEntry(key: SettingKey, setting: Setting): string {
  const { flag, shape, help, restart, isFileOnly } = setting;
  const usual = defaultWordsOf(setting);
  const facts = [
    `Value: ${shape.isList ? "a list: " : ""}${shape.expected}.`,
    ...(usual === null ? [] : [`Default: ${usual}.`]),
    ...(restart === null ? [] : [`A change needs a restart: ${restart}.`]),
  ].join(" ");
  const ways = [
    ...(flag === null ? [] : [`Flag: ${syntax(flag)}`]),
    ...(isFileOnly ? [] : [`Variable: ${bold(variableOf(key))}`]),
  ];
  return [
    definition(bold(key), asSentence(help)),
    ".br",
    sentences(facts),
    ...ways.flatMap((way) => [".br", way]),
  ].join("\n");
}
