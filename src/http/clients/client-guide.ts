/** What `/client/…` gives, for those who look before they take: the answers of the admin API. */
import { X509Certificate } from "node:crypto";
import type { Authority, ProgramList, TargetFiles, TargetList } from "../../admin/client-schemas.ts";
import { ClientSettingsError } from "../../clients/client-settings-error.ts";
import { mergeRemark } from "../../clients/deliver/render-files.ts";
import { parseProgramName } from "../../clients/programs/program-name.ts";
import type { ProgramShelf } from "../../clients/programs/program-shelf.ts";
import { urlOf } from "../../clients/registry-address.ts";
import {
  type ClientTarget,
  clientConfig,
  clientTargets,
  findClientTarget,
  unknownTarget,
} from "../../clients/targets/targets.ts";
import { authorityLine, doctorLine, fetchLine, formOf, joinLine, pathOf, programLine } from "./client-lines.ts";
import { CLIENT_PATH } from "./client-pages-options.ts";
import { clientSettingsOf, type ServerView } from "./client-request.ts";

/** All targets, and which ways lead there from where the client is. */
export function targetsOf(view: ServerView): TargetList {
  const { origin, settings } = view;
  const targets = clientTargets().map((target) => {
    const { name, aliases, summary, base, modes } = target;
    const ways = modes.map((mode) => ({ mode, problem: problemOf(target, `mode=${mode}`, view) }));
    const usual = usualMode(target, view) ?? ways.find(({ problem }) => problem === null)?.mode ?? null;
    return { name, aliases: [...aliases], summary, base, ways, usual };
  });
  return { origin, standIns: settings.standIns, addresses: settings.addresses, doctor: doctorLine(view), targets };
}

/** A target's files, written for a query as `/client/TARGET` takes it. Throws ClientSettingsError. */
export function filesOf(name: string, search: string, view: ServerView): TargetFiles {
  const target = findClientTarget(name);
  if (target === null) throw new ClientSettingsError(unknownTarget(name, `${view.origin}${CLIENT_PATH}/`));
  const settings = clientSettingsOf(target, search, view);
  const { files, notes } = clientConfig(target, settings);
  const isScript = formOf(target) === ".sh";
  return {
    name: target.name,
    mode: settings.mode,
    registry: urlOf(settings.registry),
    paths: {
      text: pathOf(target, "", search),
      archive: pathOf(target, ".tar", search),
      script: isScript ? pathOf(target, ".sh", search) : null,
    },
    join: joinLine(target, view, search),
    undo: isScript ? `${fetchLine(view, pathOf(target, ".sh", search))} | sh -s undo` : null,
    undoOnNode: isScript ? `sh /var/lib/larder-client/${target.name}/undo.sh` : null,
    files: files.map((file) => ({ path: file.path, content: file.content, remark: mergeRemark(file) })),
    notes,
  };
}

/** Larder's authority, if it has one. */
export function authorityOf(view: ServerView): Authority {
  const { ca } = view.settings;
  if (ca === null) return { authority: null };
  const { subject, fingerprint256, validFrom, validTo } = new X509Certificate(ca);
  return {
    authority: {
      subject: subject.replaceAll("\n", ", "),
      fingerprint: fingerprint256,
      validFromMs: Date.parse(validFrom),
      validUntilMs: Date.parse(validTo),
      path: `${CLIENT_PATH}/ca.crt`,
      fetch: authorityLine(view),
    },
  };
}

/** Larder's programs. A hash is of the whole file: the first question after a start reads them all. */
export async function programsOf(shelf: ProgramShelf, view: ServerView): Promise<ProgramList> {
  const names = (await shelf.list()).map(parseProgramName).filter((name) => name !== null);
  const programs = [];
  for (const name of names) {
    const found = await shelf.find(name);
    if (found === null) continue;
    const { sizeBytes, sha256 } = found;
    const path = `${CLIENT_PATH}/${name.file}`;
    programs.push({ file: name.file, sizeBytes, sha256, path, fetch: programLine(view, name.file) });
  }
  return { programs };
}

/** What the target is written for when no mode is said, if it can be had so. */
function usualMode(target: ClientTarget, view: ServerView): ReturnType<typeof clientSettingsOf>["mode"] | null {
  return problemOf(target, "", view) === null ? clientSettingsOf(target, "", view).mode : null;
}

function problemOf(target: ClientTarget, search: string, view: ServerView): string | null {
  try {
    clientConfig(target, clientSettingsOf(target, search, view));
    return null;
  } catch (error) {
    if (error instanceof ClientSettingsError) return error.message;
    throw error;
  }
}
