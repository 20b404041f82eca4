/**
 * The script that joins a node: POSIX shell and awk, nothing else. It runs under dash, bash and busybox, from a file or
 * from a pipe; run twice it changes nothing, and `undo` puts everything back.
 *
 *   header        target, root, where the backups are
 *   undo.sh       what undoing needs; the script keeps a copy of this part beside the backups
 *   plan.sh       what planning needs, and the merges that the target's files take (for containerd: find-containerd.sh,
 *                 which knows the running one and what it reads, and merge-containerd.sh)
 *   join.sh       what carrying the plan out needs
 *   files         one call for each file, its content behind it
 *   main "$@"     the last line, so that a script that was cut short does nothing
 */
import type { ClientSettings } from "../client-settings.ts";
import { ClientSettingsError } from "../client-settings-error.ts";
import { DOCKER_VARIABLES_FILES } from "../merge/docker-flags.ts";
import type { Condition, NodeConfig, NodeFile, ServiceAction } from "../node-config.ts";
import { shellQuote } from "../quote.ts";
import { urlOf } from "../registry-address.ts";
import containerdFacts from "../script/containerd-facts.awk" with { type: "text" };
import findContainerdPart from "../script/find-containerd.sh" with { type: "text" };
import joinPart from "../script/join.sh" with { type: "text" };
import containerdMerge from "../script/merge-containerd.awk" with { type: "text" };
import hostsMerge from "../script/merge-hosts.awk" with { type: "text" };
import mergingPart from "../script/merge-files.sh" with { type: "text" };
import rancherMerge from "../script/merge-rancher.awk" with { type: "text" };
import containerdPart from "../script/merge-containerd.sh" with { type: "text" };
import dockerFlags from "../script/docker-flags.awk" with { type: "text" };
import jsonMerge from "../script/merge-json.awk" with { type: "text" };
import daemonPart from "../script/merge-daemon.sh" with { type: "text" };
import registriesProgram from "../script/registries-conf.awk" with { type: "text" };
import registriesPart from "../script/registries-conf.sh" with { type: "text" };
import planPart from "../script/plan.sh" with { type: "text" };
import undoPart from "../script/undo.sh" with { type: "text" };
import { type ClientTarget, clientConfig } from "../targets/targets.ts";

/** The script. Throws ClientSettingsError as the target's writer does. */
export function renderScript(target: ClientTarget, settings: ClientSettings): string {
  const config = clientConfig(target, settings);
  const kinds = new Set(config.files.map((file) => file.merge.kind));
  return [
    header(target, settings),
    undoPart,
    undoScript(target),
    planPart,
    ...(kinds.has("daemon") ? daemonParts() : []),
    ...(kinds.has("containerd") ? CONTAINERD_PARTS : [NOTHING_TO_WAIT_FOR]),
    ...(kinds.has("hosts") || kinds.has("rancher") ? MERGING_PARTS : []),
    ...(kinds.has("registries") ? [registriesPart, program("registries_program", registriesProgram)] : []),
    joinPart,
    filesPart(config),
    'main "$@"\n',
  ].join("\n");
}

const CONTAINERD_PARTS: readonly string[] = [
  findContainerdPart,
  program("containerd_facts_program", containerdFacts),
  containerdPart,
  program("merge_containerd_program", containerdMerge),
];

const MERGING_PARTS: readonly string[] = [
  mergingPart,
  program("merge_hosts_program", hostsMerge),
  program("merge_rancher_program", rancherMerge),
];

/** Whether what runs has taken the files is looked at for containerd alone. */
const NOTHING_TO_WAIT_FOR = "taken() { :; }\n";

const ROOT = {
  root: { root: "${LARDER_ROOT:-}", state: "/var/lib/larder-client", needsRoot: "yes" },
  home: { root: '"${LARDER_ROOT:-$HOME}"', state: "/.local/state/larder-client", needsRoot: "no" },
  folder: { root: '"${LARDER_ROOT:-$PWD}"', state: "/.larder-client", needsRoot: "no" },
} as const;

function header(target: ClientTarget, settings: ClientSettings): string {
  const { root, state, needsRoot } = ROOT[target.base];
  return `#!/bin/sh
# ${target.summary}: images come from ${urlOf(settings.registry)} (mode ${settings.mode}).
#
#   sh SCRIPT        writes the files; run again it changes nothing that is right already
#   sh SCRIPT undo   puts everything back as it was
#
# LARDER_FORCE=1 overwrites files that somebody else wrote (undo brings them back), LARDER_RESTART=no restarts nothing,
# LARDER_ROOT=FOLDER works on the system in that folder.
set -eu

target=${shellQuote(target.name)}
root=${root}
state="$root${state}/$target"
needs_root=${needsRoot}
`;
}

/** The function that prints the script which lies beside the backups, for the day when larder is gone. */
function undoScript(target: ClientTarget): string {
  const folder = `${ROOT[target.base].state}/${target.name}`;
  const text = `#!/bin/sh
# Puts back what larder changed on this machine for ${target.name}: sh undo.sh
set -eu

target=${shellQuote(target.name)}
state=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=\${state%${shellQuote(folder)}}

${undoPart}
undo; exit
`;
  return program("undo_script", text);
}

function daemonParts(): readonly string[] {
  return [
    daemonPart,
    program("json_program", jsonMerge),
    program("docker_flags_program", dockerFlags),
    program("docker_other_files", `${DOCKER_VARIABLES_FILES.join("\n")}\n`),
  ];
}

/** A function that prints `text`. */
function program(name: string, text: string): string {
  return `${name}() {\n  cat ${hereDocument(text)}}\n`;
}

function filesPart(config: NodeConfig): string {
  const notes = config.notes.map((note) => `  say ${shellQuote(note)}\n`).join("");
  // Which file containerd reads is known on the node alone.
  const first = config.files.some((file) => file.merge.kind === "containerd") ? "  find_containerd\n" : "";
  return `files() {\n${first}${config.files.map(fileCall).join("")}${config.conditions.map(conditionCall).join("")}}\n\nnotes() {\n  :\n${notes}}\n`;
}

function fileCall(file: NodeFile): string {
  const path = pathOnNode(file);
  const mode = file.mode.toString(8).padStart(4, "0");
  // Which service it is of that runs is known on the node alone.
  const steps = file.merge.kind === "containerd" ? '"restart:$containerd_unit"' : stepsOf(file);
  return `file ${file.merge.kind} ${mode} ${steps} ${path}${argumentOf(file)} ${hereDocument(file.content)}`;
}

/** What its merge has to know besides. */
function argumentOf({ merge }: NodeFile): string {
  if (merge.kind === "block" && merge.conflict !== null) return ` ${shellQuote(merge.conflict)}`;
  return merge.kind === "rancher" && merge.isAlone ? " alone" : "";
}

/** A word of the shell. */
function pathOnNode({ isTrustAnchor, merge, path }: NodeFile): string {
  if (isTrustAnchor) return '"$(trust_anchor)"';
  if (merge.kind === "containerd") return '"$containerd_config"';
  return shellQuote(path.startsWith("/") ? path : `/${path}`);
}

function stepsOf(file: NodeFile): string {
  const steps = [...(file.isTrustAnchor ? ["trust"] : []), ...(file.after === null ? [] : [stepOf(file.after)])];
  return steps.length === 0 ? "-" : steps.join("+");
}

function stepOf(after: ServiceAction): string {
  return `${after.action}:${after.services.join(",")}`;
}

function conditionCall(condition: Condition): string {
  const files = condition.files.map(shellQuote).join(" ");
  return `condition ${condition.kind} ${shellQuote(condition.pattern)} ${shellQuote(condition.message)} ${files}\n`;
}

/** `<<'WORD'`, the text, and the word on a line of its own: nothing in the text is special to the shell. */
function hereDocument(text: string): string {
  if (!text.endsWith("\n") || text.includes("\0")) {
    throw new ClientSettingsError("a file's content has to be text that ends with a newline");
  }
  const lines = new Set(text.split("\n"));
  let word = "LARDER_END";
  while (lines.has(word)) word += "_";
  return `<<'${word}'\n${text}${word}\n`;
}
