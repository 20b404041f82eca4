import { ENVIRONMENT_VARIABLES } from "../help/environment-variables.ts";
import { EXIT_STATUSES } from "../help/exit-statuses.ts";
import { INTRODUCTION } from "../help/format-help.ts";
import { VERB_GROUPS } from "../help/verb-guide.ts";
import { bold, definition, page, type PageEdition, paragraph, section, subsection, syntax } from "./roff.ts";

const FILES: readonly (readonly [path: string, meaning: string])[] = [
  ["/etc/larder/larder.yaml", "the settings of larder as a service: larder.yaml(5)"],
  ["/var/lib/larder", "its images, and all that it knows of them"],
  ["/run/larder", "where it listens, for verbs on the same machine; of other users' in $XDG_RUNTIME_DIR/larder"],
];

/** The page of larder as a whole, larder(1): all verbs in their groups. */
export function programPage(edition: PageEdition): string {
  const head = { name: "larder", section: 1, summary: "container registry and pull-through cache" } as const;
  return page(head, edition, [
    ...section("Synopsis", [`${bold("larder")} ${syntax("<verb> [options] [arguments]")}`]),
    ...section("Description", [
      paragraph(INTRODUCTION),
      paragraph(
        "`larder serve` runs the registry; other verbs talk to it, and most of them to any other registry. `larder` `VERB` `--help` tells of a verb what its page here tells. What was asked for goes to standard output, everything else to standard error.".replaceAll(
          "` `",
          " ",
        ),
      ),
    ]),
    ".SH VERBS",
    ...VERB_GROUPS.flatMap(({ title, verbs }) =>
      subsection(
        title,
        verbs.map(({ name, summary }) =>
          definition(name === "help" ? bold("larder help") : `${bold(`larder-${name}`)}(1)`, summary),
        ),
      ),
    ),
    ...section("Which registry", [
      paragraph(
        "Verbs talk to the registry that is said by `--registry HOST:PORT`; else by LARDER_REGISTRY, then LOCAL_REGISTRY; else to the larder that runs on this machine, whatever its port; else to what answers at localhost, on the ports 5000, 80 and 443.",
      ),
    ]),
    ...section(
      "Environment",
      ENVIRONMENT_VARIABLES.map(([name, meaning]) => definition(bold(name), meaning)),
    ),
    ...section(
      "Files",
      FILES.map(([path, meaning]) => definition(bold(path), meaning)),
    ),
    ...section(
      "Exit status",
      EXIT_STATUSES.map(([status, meaning]) => definition(bold(status), meaning)),
    ),
    ...section("See also", [`${bold("larder.yaml")}(5), ${bold("skopeo")}(1), ${bold("podman\\-pull")}(1)`]),
  ]);
}
