import * as v from "valibot";
import { ADMIN_PATH } from "../api/admin.ts";
import type { Gate } from "../access/gate.ts";
import type { Arrival } from "../access/principal.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { type AdminActions, type AdminCall, type AdminResource, RESOURCES } from "./admin-resources.ts";
import { readBody } from "./distribution/read-body.ts";
import { errorResponse } from "./error-response.ts";

const BODY_LIMIT_BYTES = 4 << 20;

/** Answers `/api/v1/…`, whose contract is `api/admin.ts`. */
export class AdminApi {
  readonly #actions: AdminActions;
  readonly #gate: Gate;
  readonly #reportFault: (error: unknown, request: Request) => void;

  constructor(actions: AdminActions, options: { gate: Gate; reportFault: (error: unknown, request: Request) => void }) {
    this.#actions = actions;
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
      const { writes, body } = RESOURCES[action as AdminResource];
      if (writes) await this.#gate.admit(request, arrival, "administer", null);
      // What changes nothing may still be work.
      else this.#gate.refuseForeignPages(request, arrival);
      const input = body === null ? undefined : await parseBody(request, body);
      allowSlow();
      // Each action's schema is what its function takes: `AdminActions` is made from `RESOURCES`.
      const act = this.#actions[action as AdminResource] as (input: unknown, call: AdminCall) => Promise<Response>;
      return await act(input, { reportFault: (error) => this.#reportFault(error, request) });
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code === "DENIED") this.#reportFault(error, request);
      return errorResponse(error);
    }
  }
}

/**
 * A JSON body of the schema's shape; an empty one counts as `{}`. Throws BAD_REQUEST. Pages of other sites cannot make a
 * browser send this Content-Type unasked: a second lock, should a browser not say for whom it sends.
 */
async function parseBody(request: Request, schema: v.GenericSchema): Promise<unknown> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new RegistryError("BAD_REQUEST", "the request's Content-Type must be application/json");
  }
  const bytes = await readBody(request, BODY_LIMIT_BYTES, "request");
  let value: unknown = {};
  try {
    if (bytes.byteLength > 0) value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new RegistryError("BAD_REQUEST", "the request's body is not JSON", { cause });
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new RegistryError("BAD_REQUEST", `the request's body: ${v.getDotPath(issue) ?? ""} ${issue.message}`);
}
