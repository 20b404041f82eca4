import * as v from "valibot";
import { ADMIN_PATH } from "../../admin/admin.ts";
import type { Gate } from "../../access/gate.ts";
import { JsonTooComplex, jsonSteps } from "../../lib/text/json-steps.ts";
import type { Turns } from "../../lib/async/turns.ts";
import { LineFull, WaitingLine } from "../../lib/async/waiting-line.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type AdminActions, type AdminCall, type AdminResource, RESOURCES } from "./admin-resources.ts";
import { readBody } from "../read-body.ts";
import type { Exchange } from "../exchange.ts";
import type { Pages } from "../pages.ts";
import { errorResponse } from "../error-response.ts";

/** Work for clients that may ask without any rights: so much at once, and so much more waits. */
const WORK_LIMITS = { atOnce: 4, waiting: 60 };

/** Answers `/api/v1/…`, whose contract is `admin/admin.ts`. */
export class AdminApi implements Pages {
  readonly name = "admin";
  readonly #actions: AdminActions;
  readonly #gate: Gate;
  readonly #turns: Turns;
  readonly #line = new WaitingLine(WORK_LIMITS);

  constructor(actions: AdminActions, options: { gate: Gate; turns: Turns }) {
    this.#actions = actions;
    this.#turns = options.turns;
    this.#gate = options.gate;
  }

  answer(exchange: Exchange): Promise<Response> | null {
    if (!exchange.path.startsWith(`${ADMIN_PATH}/`)) return null;
    exchange.record.route = "admin";
    return this.#answer(exchange, exchange.path.slice(ADMIN_PATH.length + 1));
  }

  explain(fault: unknown): Response {
    return errorResponse(fault instanceof LineFull ? tooBusy() : fault);
  }

  async #answer(exchange: Exchange, name: string): Promise<Response> {
    const { request } = exchange;
    const action = `${request.method} ${name}`;
    if (!Object.hasOwn(RESOURCES, action)) {
      throw new RegistryError("UNSUPPORTED", `${action} is nothing that this larder's admin API knows`);
    }
    exchange.record.route = `admin:${name}`;
    const { writes, isWork, body } = RESOURCES[action as AdminResource];
    if (writes) await this.#gate.admit(exchange, "administer", null);
    // What changes nothing may still be work.
    else this.#gate.refuseForeignPages(exchange);
    const bytes = body === null ? null : await readJson(exchange, body.limitBytes);
    exchange.allowSlowTransfer();
    const act = async () => {
      const input = bytes === null || body === null ? undefined : await this.#parse(request.signal, bytes, body.schema);
      return this.#act(action as AdminResource, input, exchange);
    };
    return isWork ? this.#line.run(request.signal, act) : act();
  }

  #act(resource: AdminResource, input: unknown, exchange: Exchange): Promise<Response> {
    // Each action's schema is what its function takes: `AdminActions` is made from `RESOURCES`.
    const act = this.#actions[resource] as (input: unknown, call: AdminCall) => Promise<Response>;
    const { query, request } = exchange;
    return act(input, { signal: request.signal, query, reportFault: (fault) => exchange.noteFault(fault) });
  }

  /** A JSON body of the schema's shape; an empty one counts as `{}`. Throws BAD_REQUEST. */
  async #parse(signal: AbortSignal, bytes: Uint8Array, schema: v.GenericSchema): Promise<unknown> {
    const value = bytes.byteLength === 0 ? {} : await this.#turns.begin(signal).finish(bodySteps(bytes));
    const result = v.safeParse(schema, value, { abortEarly: true });
    if (result.success) return result.output;
    const [issue] = result.issues;
    throw new RegistryError("BAD_REQUEST", `the request's body: ${v.getDotPath(issue) ?? ""} ${issue.message}`);
  }
}

/**
 * The body of a request that says that it is JSON. Throws BAD_REQUEST, PAYLOAD_TOO_LARGE. Pages of other sites cannot
 * make a browser send this Content-Type unasked: a second lock, should a browser not say for whom it sends.
 */
async function readJson(exchange: Exchange, limitBytes: number): Promise<Uint8Array> {
  const type = exchange.request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new RegistryError("BAD_REQUEST", "the request's Content-Type must be application/json");
  }
  return readBody(exchange, limitBytes, "request");
}

function* bodySteps(bytes: Uint8Array): Generator<void, unknown, void> {
  try {
    return yield* jsonSteps(new TextDecoder().decode(bytes));
  } catch (cause) {
    if (!(cause instanceof SyntaxError) && !(cause instanceof JsonTooComplex)) throw cause;
    throw new RegistryError("BAD_REQUEST", "the request's body is not JSON", { cause });
  }
}

function tooBusy(): RegistryError {
  return new RegistryError("UNAVAILABLE", "larder looks for many others just now; ask again in a moment");
}
