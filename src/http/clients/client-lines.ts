/** The lines for a shell that bring what is below `/client/` to a node. */
import { shellQuote } from "../../clients/quote.ts";
import type { ClientTarget } from "../../clients/targets/targets.ts";
import { CLIENT_PATH } from "./client-pages-options.ts";
import type { ServerView } from "./client-request.ts";

/** What a target is fetched as: a script that joins, or an archive of its files. */
export type ClientForm = ".sh" | ".tar";

/** The path of a target, with its query. */
export function pathOf(target: ClientTarget, form: ClientForm | "", search: string): string {
  return `${CLIENT_PATH}/${target.name}${form}${search === "" ? "" : `?${search}`}`;
}

/** How something below larder's address is fetched. Until a machine trusts the authority, its curl has to be told of it. */
export function fetchLine({ origin, settings }: ServerView, path: string): string {
  const curl = settings.ca !== null && origin.startsWith("https:") ? "curl -fsS --cacert larder.crt" : "curl -fsS";
  const url = origin + path;
  return `${curl} ${/^[\w.:/-]+$/.test(url) ? url : shellQuote(url)}`;
}

/** How a target's files come to a node; those for a folder are unpacked where one stands. */
export function joinLine(target: ClientTarget, view: ServerView, search: string): string {
  const form = formOf(target);
  return `${fetchLine(view, pathOf(target, form, search))} | ${form === ".sh" ? "sh" : "tar -xv"}`;
}

/** The line by which a node asks why it does not pull from here. */
export function doctorLine(view: ServerView): string {
  return `${fetchLine(view, `${CLIENT_PATH}/doctor.sh`)} | sh`;
}

/** How one of larder's own programs is fetched. */
export function programLine(view: ServerView, file: string): string {
  return `${fetchLine(view, `${CLIENT_PATH}/${file}`)} -o larder`;
}

/** How the authority is fetched, by who cannot verify yet that it is the one. */
export function authorityLine({ origin }: ServerView): string {
  return `curl -fsSk ${origin}${CLIENT_PATH}/ca.crt -o larder.crt`;
}

/** What a target is fetched as. */
export function formOf({ base }: ClientTarget): ClientForm {
  return base === "folder" ? ".tar" : ".sh";
}
