import { quoteBriefly } from "../oci/digest.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { CONTRACT, type OperationId } from "./contract.ts";

/** What a request is for; `allowed` are the methods of a path that does not know this one. */
type Match =
  | { readonly kind: "operation"; readonly id: OperationId; readonly parameters: Readonly<Record<string, string>> }
  | { readonly kind: "other-method"; readonly allowed: readonly string[] }
  | { readonly kind: "nothing" };

type Part = { readonly literal: string } | { readonly parameter: string };
type Route = { readonly id: OperationId; readonly method: string; readonly parts: readonly Part[] };

const ROUTES: readonly Route[] = Object.entries(CONTRACT).map(([id, { method, path }]) => ({
  id: id as OperationId,
  method,
  parts: path.slice(1).split("/").map(parsePart),
}));

/**
 * Finds the operation for a method and a path below the API's own. `path` is as it was sent, without the query; HEAD
 * counts as GET. Throws BAD_REQUEST for invalid percent-encoding.
 */
export function findOperation(method: string, path: string): Match {
  const segments = path.slice(1).split("/");
  const asked = method === "HEAD" ? "GET" : method;
  const allowed: string[] = [];
  for (const route of ROUTES) {
    const parameters = parametersOf(route, segments);
    if (parameters === null) continue;
    if (route.method === asked) return { kind: "operation", id: route.id, parameters };
    allowed.push(route.method, ...(route.method === "GET" ? ["HEAD"] : []));
  }
  return allowed.length === 0 ? { kind: "nothing" } : { kind: "other-method", allowed };
}

function parsePart(text: string): Part {
  const parameter = /^\{(\w+)\}$/.exec(text)?.[1];
  return parameter === undefined ? { literal: text } : { parameter };
}

/** What has slashes, and may stand at the end of a path as it is. */
const SLASHED: ReadonlySet<string> = new Set(["image", "pin", "file"]);

/** Null when the path is another. The last part takes all that is left, if that may have slashes. */
function parametersOf({ parts }: Route, segments: readonly string[]): Record<string, string> | null {
  const last = parts.at(-1);
  const takesRest = last !== undefined && "parameter" in last && SLASHED.has(last.parameter);
  if (takesRest ? segments.length < parts.length : segments.length !== parts.length) return null;
  const parameters: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const text = part === last && takesRest ? segments.slice(index).join("/") : (segments[index] ?? "");
    if ("literal" in part ? part.literal !== text : text === "") return null;
    if ("parameter" in part) parameters[part.parameter] = text;
  }
  // Only of the path that is meant.
  for (const [name, text] of Object.entries(parameters)) parameters[name] = decode(text);
  return parameters;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new RegistryError("BAD_REQUEST", `${quoteBriefly(text)} is not percent-encoded UTF-8`, { cause });
  }
}
