import * as v from "valibot";
import type { Operation } from "../../admin/operation.ts";
import type { Work } from "../../lib/async/turns.ts";
import { JsonTooComplex, jsonSteps } from "../../lib/text/json-steps.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Exchange } from "../exchange.ts";
import { readBody } from "../read-body.ts";
import { boundedBody } from "../bounded-body.ts";

/**
 * Reads the body of a request whose Content-Type is JSON. Throws BAD_REQUEST, PAYLOAD_TOO_LARGE. A page of another
 * site cannot make a browser send this Content-Type without asking first: a second guard, should a browser not send
 * where the request comes from.
 */
export async function readJson(exchange: Exchange, limitBytes: number): Promise<Uint8Array> {
  insistOnType(exchange, "application/json");
  return readBody(exchange, limitBytes, "request");
}

/** The bytes of a request's body, as they come. Throws as `readJson` does; PAYLOAD_TOO_LARGE when it turns out, too. */
export function takeUpload(exchange: Exchange, type: string, limitBytes: number): AsyncIterable<Uint8Array> {
  insistOnType(exchange, type);
  return boundedBody(exchange, limitBytes, "request");
}

function insistOnType({ request }: Exchange, wanted: string): void {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== wanted) throw new RegistryError("BAD_REQUEST", `the request's Content-Type must be ${wanted}`);
}

/** Parses a JSON body by a schema; an empty one counts as `{}`. Throws BAD_REQUEST. */
export async function parseBody(bytes: Uint8Array, schema: v.GenericSchema, work: Work): Promise<unknown> {
  const value = bytes.byteLength === 0 ? {} : await work.finish(bodySteps(bytes));
  // An array is an object without any of the fields that an object may leave out.
  if (Array.isArray(value)) throw new RegistryError("BAD_REQUEST", "the request's body is an array, not an object");
  return parse("the request's body", schema, value);
}

/** Parses the parameters in an operation's path. Throws BAD_REQUEST. */
export function parseParameters({ parameters }: Operation, texts: Readonly<Record<string, string>>): object {
  return parse("the request's path", v.strictObject(parameters), texts) as object;
}

/** Parses an operation's query, with the defaults for what is left out. Throws BAD_REQUEST. */
export function parseQuery({ query }: Operation, asked: URLSearchParams): object {
  const values: Record<string, unknown> = {};
  for (const [name, text] of asked) {
    const entry = Object.hasOwn(query, name) ? query[name] : undefined;
    if (entry === undefined)
      throw new RegistryError("BAD_REQUEST", `the request's query: nothing is called ${quoteBriefly(name)}`);
    if (Object.hasOwn(values, name))
      throw new RegistryError("BAD_REQUEST", `the request's query: ${name} stands there twice`);
    // All that a query can say is text.
    values[name] = isNumber(entry) && isWhole(text) ? Number(text) : text;
  }
  return parse("the request's query", v.strictObject(query), values) as object;
}

/** Ids of events have sixteen digits. */
function isWhole(text: string): boolean {
  return /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text));
}

function isNumber(entry: v.ObjectEntries[string]): boolean {
  return "wrapped" in entry ? isNumber(entry.wrapped) : entry.type === "number";
}

function parse(what: string, schema: v.GenericSchema, value: unknown): unknown {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = [what, v.getDotPath(issue)].filter((part) => part !== null).join(": ");
  throw new RegistryError("BAD_REQUEST", `${where}: ${issue.message}`);
}

function* bodySteps(bytes: Uint8Array): Generator<void, unknown, void> {
  try {
    return yield* jsonSteps(new TextDecoder().decode(bytes));
  } catch (cause) {
    if (!(cause instanceof SyntaxError) && !(cause instanceof JsonTooComplex)) throw cause;
    throw new RegistryError("BAD_REQUEST", "the request's body is not JSON", { cause });
  }
}
