import { X509Certificate } from "node:crypto";
import { ClientSettingsError } from "../../clients/client-settings-error.ts";
import { type ClientTarget, clientConfig, clientTargets } from "../../clients/targets/targets.ts";
import { authorityLine, doctorLine, joinLine, programLine } from "./client-lines.ts";
import { clientSettingsOf, type ServerView } from "./client-request.ts";

/** The page at `/client/`: for each target, the line that a person types on a node; `programs` are larder's own files here. */
export function clientIndex(view: ServerView, programs: readonly string[]): string {
  const { origin, settings } = view;
  const onNodes = clientTargets().filter(({ base }) => base !== "folder");
  const inFolders = clientTargets().filter(({ base }) => base === "folder");
  return `larder at ${origin} stands in for ${settings.standIns.join(", ") || "no registry"}

On a node, as root; with "sh -s undo" in place of "sh" it is as it was before:

${onNodes.map((target) => entry(target, view)).join("")}
Why does this node not pull from here?

      ${doctorLine(view)}

${itself(programs, (file) => programLine(view, file))}Files, for where nodes are made:

${inFolders.map((target) => entry(target, view)).join("")}
${PARAMETERS}
${authority(view)}`;
}

/** What a node needs to have larder's verbs; empty when this larder has no program to give. */
function itself(programs: readonly string[], lineOf: (file: string) => string): string {
  if (programs.length === 0) return "";
  const lines = programs.map((file) => `      ${lineOf(file)}\n`).join("");
  return `larder itself, one file that is made executable and run (.sha256 behind its name: its hash):\n\n${lines}\n`;
}

const PARAMETERS = `Parameters, in quotes for the shell, as in '.../client/containerd.sh?mode=https&fallback=no':

  mode=http       the runtime's mirror setting, without TLS
  mode=https      the runtime's mirror setting, with TLS; the script brings the certificate authority
  mode=spoof      the registries' own names lead here
  stand-in=HOST   only this registry; repeatable
  all=yes         all other registries, too, where the runtime can
  fallback=no     never go to the registries themselves

Without .sh or .tar the files are shown.
`;

function entry(target: ClientTarget, view: ServerView): string {
  const heading = `  ${target.name.padEnd(15)} ${target.summary} (${target.modes.join(", ")})\n`;
  const found = findMode(target, view);
  if ("problem" in found) return `${heading}      not from here: ${found.problem}\n`;
  return `${heading}      ${joinLine(target, view, found.search)}\n`;
}

/** The query of the first mode that this server can serve the target in, nothing for the default one. */
function findMode(target: ClientTarget, view: ServerView): { search: string } | { problem: string } {
  let problem = "";
  for (const search of ["", ...target.modes.map((mode) => `mode=${mode}`)]) {
    try {
      clientConfig(target, clientSettingsOf(target, search, view));
      return { search };
    } catch (error) {
      if (!(error instanceof ClientSettingsError)) throw error;
      problem ||= error.message;
    }
  }
  return { problem };
}

function authority(view: ServerView): string {
  const { ca } = view.settings;
  if (ca === null) return "";
  const { fingerprint256 } = new X509Certificate(ca);
  return `The certificate authority, whose SHA-256 fingerprint has to be what 'larder ca --data DIR' says on the server:

  ${authorityLine(view)}
  ${fingerprint256}
`;
}
