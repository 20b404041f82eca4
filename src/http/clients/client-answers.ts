/** What `/client/` answers: kept apart from the door, since a server starts without it. */
import { renderScript } from "../../clients/deliver/render-script.ts";
import { renderTar, renderText } from "../../clients/deliver/render-files.ts";
import { findClientTarget, unknownTarget } from "../../clients/targets/targets.ts";
import { renderDoctorScript } from "../../doctor/render-doctor-script.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import type { Exchange } from "../exchange.ts";
import { clientIndex } from "./client-index.ts";
import { CLIENT_PATH, type ClientPagesOptions } from "./client-pages-options.ts";
import { failure, isScript } from "./client-failure.ts";
import { clientSettingsOf, type ServerView } from "./client-request.ts";
import { viewFor } from "./view-for.ts";
import { isProgramPage, programReply } from "./program-reply.ts";

/** Answers for what is behind `/client/`. Throws ClientSettingsError, RegistryError. */
export async function answerClient(
  exchange: Exchange,
  page: string,
  remote: string | null,
  options: ClientPagesOptions,
): Promise<Response> {
  if (isProgramPage(page)) return programReply(exchange, page, options.guide.programs);
  // Nodes come here before they can log in, and before they trust the certificate.
  const maySeeState = options.gate.allows(exchange, "pull", null);
  return pageFor(page, exchange.search, await viewFor(exchange, remote, options.guide), await maySeeState, options);
}

async function pageFor(
  page: string,
  search: string,
  view: ServerView,
  maySeeState: boolean,
  options: ClientPagesOptions,
): Promise<Response> {
  if (page === "") return text(clientIndex(view, await options.guide.programs.list()));
  if (page === "settings.json") return document(JSON.stringify(view.settings), "application/json");
  if (page === "ca.crt") {
    const { ca } = view.settings;
    return ca === null ? failure(page, 404, NO_AUTHORITY) : document(ca, "application/x-pem-file");
  }
  if (page === "doctor.sh") {
    const { origin, settings } = view;
    const findings = maySeeState ? await options.findings() : [];
    return text(renderDoctorScript({ origin, standIns: settings.standIns, nowMs: options.now(), findings }));
  }
  if (page.startsWith("/"))
    return failure(page, 200, `there is no script at ${quoteBriefly(page)}; ${view.origin}${CLIENT_PATH}/ lists them`);
  const match = /^(.*?)(\.sh|\.tar)?$/s.exec(page);
  const [name = "", form] = [match?.[1], match?.[2]];
  const target = findClientTarget(name);
  if (target === null)
    return failure(page, isScript(page) ? 200 : 404, unknownTarget(name, `${view.origin}${CLIENT_PATH}/`));
  const settings = clientSettingsOf(target, search, view);
  if (form === ".sh") return text(renderScript(target, settings));
  if (form === ".tar") return document(await renderTar(target, settings), "application/x-tar");
  return text(renderText(target, settings));
}

const NO_AUTHORITY =
  "this larder has no certificate authority of its own: it serves plain HTTP alone, or a certificate of somebody else's authority, which nodes trust already or get from there";

function text(body: string): Response {
  return document(body, "text/plain; charset=utf-8");
}

function document(body: string | Uint8Array, type: string): Response {
  // Another client may have come by another address.
  const headers = { "Content-Type": type, "Cache-Control": "no-store" };
  return new Response(body, { headers });
}
