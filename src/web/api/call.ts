import type { AnswerOf, DocumentId, LinesId, OperationId, RequestOf } from "../../admin/contract.ts";
import { ApiProblem, asProblem, problemOf } from "./api-problem.ts";
import { noteReach } from "./reach.ts";
import { operationPlaces } from "./operations.ts" with { type: "macro" };

const PLACES = operationPlaces();
/** By this larder knows that a script asks, and has no browser ask for a password in a window of its own. */
const OWN_HEADERS = { "X-Requested-With": "larder" };

let doubt: (() => void) | null = null;

/** Has it called back when an answer shows that whoever is looking may not be who they were. */
export function onDoubt(callback: () => void): void {
  doubt = callback;
}

/** Asks for what is answered with one document. Throws `ApiProblem`, or an AbortError when `signal` fires. */
export async function call<Id extends DocumentId>(
  id: Id,
  request: RequestOf<Id>,
  signal: AbortSignal | null = null,
): Promise<AnswerOf<Id>> {
  const response = await send(id, request, signal);
  try {
    return (await response.json()) as AnswerOf<Id>;
  } catch (failure) {
    throw asProblem(failure);
  }
}

/** Asks for what is answered line by line; it ends after the last one. Throws as `call` does; leaving it ends the work. */
export async function* lines<Id extends LinesId>(
  id: Id,
  request: RequestOf<Id>,
  signal: AbortSignal | null = null,
): AsyncGenerator<AnswerOf<Id>, void, void> {
  const response = await send(id, request, signal);
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const parts = (rest + value).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) yield JSON.parse(part) as AnswerOf<Id>;
    }
  } catch (failure) {
    throw asProblem(failure);
  } finally {
    await reader.cancel().catch(() => {});
  }
  // An answer ends with a whole line: what lacks its end was cut off.
  if (rest !== "") throw new ApiProblem("the answer broke off", 0, null);
}

/** The address of what is answered with bytes or a stream of messages, for links and EventSource. */
export function addressOf<Id extends OperationId>(id: Id, request: RequestOf<Id>): string {
  const { path, query } = place(id, request);
  return path + query;
}

async function send<Id extends OperationId>(id: Id, request: RequestOf<Id>, signal: AbortSignal | null) {
  const { method, path, query, body, type } = place(id, request);
  const init: RequestInit = { method, signal, cache: "no-store", headers: OWN_HEADERS };
  let response: Response;
  try {
    response = await (method === "GET" || method === "DELETE"
      ? fetch(path + query, init)
      : fetch(type === JSON_TYPE ? path : path + query, {
          ...init,
          body,
          headers: { ...OWN_HEADERS, "Content-Type": type },
        }));
  } catch (failure) {
    const problem = asProblem(failure);
    noteReach(false);
    throw problem;
  }
  noteReach(true);
  if (response.status === 401 || response.headers.has("X-Larder-Session")) doubt?.();
  if (!response.ok) throw await problemOf(response);
  return response;
}

const JSON_TYPE = "application/json";

/** Parameters go into the path; all else into the body of what changes something, else, and beside bytes, into the query. */
function place(id: OperationId, request: object) {
  const { method, path: pattern, upload } = PLACES[id];
  const { upload: bytes, ...said } = request as { readonly upload?: Blob };
  const rest = new Map<string, unknown>(Object.entries(upload === null ? request : said));
  const path = pattern.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = textOf(rest.get(name));
    rest.delete(name);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const [name, value] of rest) if (value !== undefined) query.set(name, textOf(value));
  const search = query.toString();
  const body = upload === null ? JSON.stringify(Object.fromEntries(rest)) : (bytes ?? null);
  return { method, path, query: search === "" ? "" : `?${search}`, body, type: upload ?? JSON_TYPE };
}

/** What stands in paths and queries are texts, numbers and switches. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
