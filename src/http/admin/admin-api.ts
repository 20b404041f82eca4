import * as v from "valibot";
import { ADMIN_PATH } from "../../admin/admin.ts";
import type { Gate } from "../../access/gate.ts";
import type { Arrival } from "../../access/principal.ts";
import { JsonTooComplex, jsonSteps } from "../../lib/text/json-steps.ts";
import type { Turns } from "../../lib/async/turns.ts";
import { LineFull, WaitingLine } from "../../lib/async/waiting-line.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type AdminActions, type AdminCall, type AdminResource, RESOURCES } from "./admin-resources.ts";
import { readBody } from "../read-body.ts";
import { errorResponse } from "../error-response.ts";

/** Work for clients that may ask without any rights: so much at once, and so much more waits. */
const WORK_LIMITS = { atOnce: 4, waiting: 60 };
/** nginx's status for a client that has left: nobody sees it. */
const CLIENT_LEFT = 499;

/** Answers `/api/v1/…`, whose contract is `admin/admin.ts`. */
export class AdminApi {
  readonly #actions: AdminActions;
  readonly #gate: Gate;
  readonly #turns: Turns;
  readonly #reportFault: (error: unknown, request: Request) => void;
  readonly #line = new WaitingLine(WORK_LIMITS);

  constructor(
    actions: AdminActions,
    options: { gate: Gate; turns: Turns; reportFault: (error: unknown, request: Request) => void },
  ) {
    this.#actions = actions;
    this.#turns = options.turns;
    this.#gate = options.gate;
    this.#reportFault = options.reportFault;
  }

  /** The answer; null when the path is not of this API. `allowSlow` lets the answer take its time. */
  answer(request: Request, path: string, arrival: () => Arrival, allowSlow: () => void): Promise<Response> | null {
    if (!path.startsWith(`${ADMIN_PATH}/`)) return null;
    return this.#answer(request, path.slice(ADMIN_PATH.length + 1), arrival(), allowSlow);
  }

  async #answer(request: Request, name: string, arrival: Arrival, allowSlow: () => void): Promise<Response> {
    try {
      const action = `${request.method} ${name}`;
      if (!Object.hasOwn(RESOURCES, action)) {
        throw new RegistryError("UNSUPPORTED", `${action} is nothing that this larder's admin API knows`);
      }
      const { writes, isWork, body } = RESOURCES[action as AdminResource];
      if (writes) await this.#gate.admit(request, arrival, "administer", null);
      // What changes nothing may still be work.
      else this.#gate.refuseForeignPages(request, arrival);
      const bytes = body === null ? null : await readJson(request, body.limitBytes);
      allowSlow();
      const act = async () => {
        const input =
          bytes === null || body === null ? undefined : await this.#parse(request.signal, bytes, body.schema);
        return this.#act(action as AdminResource, input, request);
      };
      return await (isWork ? this.#line.run(request.signal, act) : act());
    } catch (error) {
      if (request.signal.aborted) return new Response(null, { status: CLIENT_LEFT });
      if (error instanceof LineFull) return errorResponse(tooBusy());
      if (!(error instanceof RegistryError) || error.code === "DENIED") this.#reportFault(error, request);
      return errorResponse(error);
    }
  }

  #act(resource: AdminResource, input: unknown, request: Request): Promise<Response> {
    // Each action's schema is what its function takes: `AdminActions` is made from `RESOURCES`.
    const act = this.#actions[resource] as (input: unknown, call: AdminCall) => Promise<Response>;
    const query = new URL(request.url).searchParams;
    return act(input, { signal: request.signal, query, reportFault: (error) => this.#reportFault(error, request) });
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
async function readJson(request: Request, limitBytes: number): Promise<Uint8Array> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new RegistryError("BAD_REQUEST", "the request's Content-Type must be application/json");
  }
  return readBody(request, limitBytes, "request");
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
