import type { AuditStore } from "../../storage/audit.ts";
import type { Gate } from "../../access/gate.ts";
import { ADMIN_PATH, CONTRACT, type OperationId } from "../../admin/contract.ts";
import { findOperation } from "../../admin/find-operation.ts";
import { LINES_TYPE, type Operation } from "../../admin/operation.ts";
import type { Turns } from "../../lib/async/turns.ts";
import { LineFull, WaitingLine } from "../../lib/async/waiting-line.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Repository } from "../../oci/repository.ts";
import { parseImageName } from "../../registry/names/image-name.ts";
import type { Exchange } from "../exchange.ts";
import { MethodNotAllowed } from "../method-not-allowed.ts";
import type { Pages } from "../pages.ts";
import { sendText } from "../send-text.ts";
import type { MayPull } from "../../registry/names/search-order.ts";
import type { Puller } from "../../registry/pull/origin.ts";
import type { AdminAsker } from "./admin-asker.ts";
import { auditEntryOf } from "./audit-operation.ts";
import type { AdminActions, BytesAnswer, EventsAnswer } from "./admin-actions.ts";
import { checkAnswer, checkLines } from "./check-answer.ts";
import { EVENTS_TYPE } from "./event-text.ts";
import type { PageVisits } from "./page-visits.ts";
import type { LineWork } from "./line-work.ts";
import { problemResponse, RetiredPath } from "./problem-response.ts";
import { parseBody, parseParameters, parseQuery, readJson, takeUpload } from "./read-input.ts";
import { type Watcher, watcherOf } from "./standing.ts";
import { streamLines } from "./stream-lines.ts";

/** Work for clients that may ask without any rights: so much at once, and so much more waits. */
const WORK_LIMITS = { atOnce: 4, waiting: 60 };
/** What larder 0.1 was asked for. */
const RETIRED = new Set([
  ...["inspect", "has", "remove", "adopt", "gc", "cache", "verify"].map((name) => `POST /${name}`),
  "GET /offline",
  "PUT /offline",
]);

/** Nothing on the way keeps them, or waits until there are many: nginx would. */
const EVENTS_HEADERS = { "Content-Type": EVENTS_TYPE, "Cache-Control": "no-store", "X-Accel-Buffering": "no" };

/** What a page asks that is only open: no session goes on by this. */
const GOES_BY_ITSELF: ReadonlySet<OperationId> = new Set(["watch", "getSession"]);

type Options = {
  readonly version: string;
  readonly gate: Gate;
  /** A client's address, as trusted proxies tell it. */
  readonly clientOf: (exchange: Exchange) => string;
  readonly turns: Turns;
  readonly audit: Pick<AuditStore, "append">;
  readonly visits: Pick<PageVisits, "recognize">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Compares every answer with the contract, which costs time. An answer that is not of it is a fault. */
  readonly checksAnswers: boolean;
};

/** Answers `/api/v1/…` by the contract in `admin/contract.ts`. */
export class AdminApi implements Pages {
  readonly name = "admin";
  readonly #actions: AdminActions;
  readonly #options: Options;
  readonly #line = new WaitingLine(WORK_LIMITS);

  constructor(actions: AdminActions, options: Options) {
    this.#actions = actions;
    this.#options = options;
  }

  answer(exchange: Exchange): Promise<Response> | null {
    if (exchange.path !== ADMIN_PATH && !exchange.path.startsWith(`${ADMIN_PATH}/`)) return null;
    exchange.record.route = "admin";
    return this.#answer(exchange, exchange.path.slice(ADMIN_PATH.length));
  }

  explain(fault: unknown, exchange: Exchange): Response {
    return problemResponse(fault instanceof LineFull ? tooBusy() : fault, exchange.requestId);
  }

  async #answer(exchange: Exchange, path: string): Promise<Response> {
    const { request } = exchange;
    const { id, parameters: texts } = this.#find(request.method, path);
    const watcher = watcherOf(exchange, this.#options.gate, this.#options.clientOf);
    exchange.record.route = `admin:${id}`;
    const operation: Operation = CONTRACT[id];
    const parameters = parseParameters(operation, texts);
    await this.#options.visits.recognize(exchange, !GOES_BY_ITSELF.has(id));
    await this.#admit(exchange, operation, repositoryIn(parameters));
    const query = parseQuery(operation, exchange.query);
    // What nobody may change is for those who set the rules.
    if ("force" in query && query.force === "true") await this.#options.gate.admit(exchange, "administer", null);
    const bytes = operation.body === null ? null : await readJson(exchange, operation.bodyLimitBytes);
    const { upload: type, bodyLimitBytes } = operation;
    const upload = type === null ? {} : { upload: takeUpload(exchange, type, bodyLimitBytes) };
    exchange.allowSlowTransfer();
    const act = async () => {
      const work = this.#options.turns.begin(request.signal);
      const body = operation.body === null || bytes === null ? {} : await parseBody(bytes, operation.body, work);
      return this.#act(id, { ...parameters, ...query, ...(body as object), ...upload }, exchange, watcher);
    };
    return operation.isWork ? this.#line.run(request.signal, act) : act();
  }

  #find(method: string, path: string) {
    const match = findOperation(method, path);
    if (match.kind === "operation") return match;
    if (RETIRED.has(`${method} ${path}`)) throw new RetiredPath(method, path.slice(1), this.#options.version);
    if (match.kind === "other-method") throw new MethodNotAllowed(method, match.allowed);
    const what = `there is nothing at ${quoteBriefly(ADMIN_PATH + path)}; ${ADMIN_PATH}/openapi.json tells what there is`;
    throw new RegistryError("NAME_UNKNOWN", what);
  }

  async #admit(exchange: Exchange, { action }: Operation, repository: Repository | null): Promise<void> {
    // What changes nothing may still be work.
    this.#options.gate.refuseForeignPages(exchange);
    if (action !== null) await this.#options.gate.admit(exchange, action, repository);
  }

  async #audit(id: OperationId, input: object, exchange: Exchange): Promise<void> {
    const { audit, now } = this.#options;
    const entry = auditEntryOf(id, CONTRACT[id], { ...input }, exchange, now());
    // What was done is done, and in the log of requests, whatever keeps the store from writing.
    if (entry !== null) await audit.append(entry).catch(() => {});
  }

  async #act(id: OperationId, input: object, exchange: Exchange, watcher: Watcher): Promise<Response> {
    const { form } = CONTRACT[id];
    // Whoever asks for its headers alone opens nothing.
    if (form === "events" && exchange.request.method === "HEAD") return new Response(null, { headers: EVENTS_HEADERS });
    // The contract's schemas have made the input of what the action takes.
    const act = this.#actions[id] as (input: object, signal: AbortSignal, cause: AdminAsker) => Promise<unknown>;
    const { who, from, requestId } = exchange;
    const mayPull = this.#options.gate.viewOf(exchange);
    const seen = mayPull && { mayPull };
    const puller = () => pullerOf(exchange, mayPull);
    const answer = await act(input, exchange.request.signal, {
      who,
      from,
      requestId,
      facts: () => exchange.facts(),
      ...seen,
      puller,
      watcher,
      exchange,
    });
    await this.#audit(id, input, exchange);
    const { checksAnswers } = this.#options;
    if (form === "lines") {
      const work = answer as LineWork<unknown>;
      const lines = streamLines(checksAnswers ? checkLines(id, work) : work, (failure) => {
        // The status said that all was well: the request's line tells that it was not.
        if (failure instanceof RegistryError) exchange.record.fault = failure;
        else exchange.noteFault(failure);
      });
      return new Response(exchange.streamed(lines), { headers: { "Content-Type": LINES_TYPE } });
    }
    if (form === "events") {
      return new Response(exchange.streamed(answer as EventsAnswer), { headers: EVENTS_HEADERS });
    }
    if (form === "bytes") return sendBytes(exchange, answer as BytesAnswer);
    if (checksAnswers) checkAnswer(id, answer);
    // It depends on who asks, and on the moment.
    const headers = { "Content-Type": "application/json", "Cache-Control": "no-store" };
    return sendText(exchange, JSON.stringify(answer), { headers });
  }
}

/** A file of this machine goes out by sendfile, with its length. */
function sendBytes(exchange: Exchange, { body, bytes }: BytesAnswer): Response {
  exchange.record.bytesOut = bytes;
  const headers = { "Content-Type": "application/octet-stream", "Content-Disposition": "attachment" };
  if (bytes === 0) return new Response("", { headers });
  return new Response(body instanceof ReadableStream ? exchange.streamed(body) : body, { headers });
}

/** The repository of the image that a path names, for the gate; null for a path that names none. */
function repositoryIn(parameters: object): Repository | null {
  if (!("image" in parameters)) return null;
  const { namespace, path } = parseImageName(String(parameters.image));
  return { namespace, path };
}

function tooBusy(): RegistryError {
  return new RegistryError("UNAVAILABLE", "larder looks for many others just now; ask again in a moment");
}

/** What larder's own credentials open is for its administrator, not for whoever may ask. */
async function pullerOf(exchange: Exchange, mayPull: MayPull): Promise<Puller> {
  // Everybody may pull everything: no registry wants to know who asks.
  if (mayPull === undefined) return {};
  const principal = await exchange.principal().catch((error: unknown) => {
    if (error instanceof RegistryError) return null;
    throw error;
  });
  if (principal?.kind === "administrator") return { mayPull };
  return { mayPull, upstreamKey: async () => principal?.upstreamKey ?? null };
}
