import { RegistryError } from "../oci/registry-error.ts";
import { DOCKER_HUB, type Namespace, tryParseNamespace } from "../oci/repository-name.ts";
import {
  ADMIN_PATH,
  type AnswerOf,
  type BytesId,
  CONTRACT,
  type DocumentId,
  type LinesId,
  type OperationId,
  type RequestOf,
} from "./contract.ts";
import type { Operation } from "./operation.ts";
import { failureIn, type Problem } from "./problem.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

const VERSION_LIMIT_MS = 10_000;

/** Sends a request: the runtime's `fetch`, or one that knows of private certificates. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What a larder says that it is. */
export type LarderIdentity = {
  readonly version: string;
  /** The process that answers; null for an older larder. */
  readonly instance: string | null;
  /** Where it looks for names without a registry. */
  readonly unqualified: readonly Namespace[];
};

/** The typed client of the admin API. Failures are `RegistryError`s with the server's code and message. */
export class AdminClient {
  readonly #origin: string;
  readonly #fetch: Fetch;
  readonly #signal: AbortSignal;
  readonly #authorization: string | null;

  /**
   * `origin` is `http://localhost:5000`, without a slash at the end. `authorization` is the header that says who asks; null:
   * nothing does. What larder it is, is asked without it.
   */
  constructor(origin: string, fetch: Fetch, signal: AbortSignal, authorization: string | null = null) {
    this.#origin = origin;
    this.#fetch = fetch;
    this.#signal = signal;
    this.#authorization = authorization;
  }

  /** Which larder is at the origin; null when something else answers there. Throws when nobody does. */
  async identify(): Promise<LarderIdentity | null> {
    const response = await this.#exchange("getVersion", {}, AbortSignal.timeout(VERSION_LIMIT_MS));
    // Any registry says no to a path that it does not know; whoever is out of order says nothing about what it is.
    if (response.status >= 500) throw await this.#failureOf(response);
    try {
      const answer = (await response.json()) as Partial<AnswerOf<"getVersion">>;
      if (!response.ok || answer.name !== "larder") return null;
      const { version = "", instance = null } = answer;
      return { version, instance, unqualified: namespacesIn(answer.unqualified) };
    } catch {
      this.#signal.throwIfAborted();
      return null; // Not JSON: whatever it is, it is no larder.
    }
  }

  /** Asks for what is answered with one document. */
  async call<Id extends DocumentId>(id: Id, request: RequestOf<Id>): Promise<AnswerOf<Id>> {
    const response = await this.#send(id, request);
    try {
      return (await response.json()) as AnswerOf<Id>;
    } catch (cause) {
      this.#signal.throwIfAborted();
      throw this.#broken(cause);
    }
  }

  /** Asks for what is answered line by line. It ends after the last one, or when larder breaks off. */
  async *lines<Id extends LinesId>(id: Id, request: RequestOf<Id>): AsyncIterable<AnswerOf<Id>> {
    const response = await this.#send(id, request);
    let rest = "";
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body ?? []) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) yield JSON.parse(line) as AnswerOf<Id>;
      }
    } catch (cause) {
      this.#signal.throwIfAborted();
      throw this.#broken(cause);
    }
  }

  /** Asks for bytes, which come as they are read; null when there is no such thing. */
  async bytes<Id extends BytesId>(id: Id, request: RequestOf<Id>): Promise<AsyncIterable<Uint8Array> | null> {
    const response = await this.#exchange(id, request, this.#signal);
    if (response.ok) return response.body ?? new Blob([]).stream();
    const failure = await this.#failureOf(response);
    if (failure.code === "BLOB_UNKNOWN") return null;
    throw failure;
  }

  async #send(id: OperationId, request: object): Promise<Response> {
    const response = await this.#exchange(id, request, this.#signal);
    if (!response.ok) throw await this.#failureOf(response);
    return response;
  }

  async #exchange(id: OperationId, request: object, signal: AbortSignal): Promise<Response> {
    const { method, target, body } = write(CONTRACT[id], request);
    try {
      return await this.#fetch(`${this.#origin}${ADMIN_PATH}${target}`, {
        method,
        signal: AbortSignal.any([this.#signal, signal]),
        redirect: "manual",
        ...(body === null ? {} : { body }),
        headers: {
          ...(body === null ? {} : { "Content-Type": CONTRACT[id].upload ?? "application/json" }),
          ...(this.#authorization === null || id === "getVersion" ? {} : { Authorization: this.#authorization }),
        },
      });
    } catch (cause) {
      this.#signal.throwIfAborted();
      throw this.#unavailable(cause);
    }
  }

  /** For who is nobody there, or not who they think. */
  #remedy(): string {
    const { host } = new URL(this.#origin);
    const login = `larder login -u NAME --password-stdin ${host}`;
    return `\`${login}\` keeps a user's password or a token for this command; on the machine that larder runs on, root needs neither`;
  }

  #unavailable(cause: unknown): RegistryError {
    const why = describeFailure(cause);
    return new RegistryError("UNAVAILABLE", `${this.#origin} does not answer: ${why}`, { cause });
  }

  #broken(cause: unknown): RegistryError {
    const why = describeFailure(cause);
    return new RegistryError("UNAVAILABLE", `the answer of ${this.#origin} cannot be used: ${why}`, { cause });
  }

  async #failureOf(response: Response): Promise<RegistryError> {
    // No body of ours says nothing but its status.
    const body = (await response.json().catch(() => null)) as Partial<Problem> | null;
    const failure = failureIn(body);
    if (failure === null) return new RegistryError("UNKNOWN", `${this.#origin} answered ${response.status}`);
    // A larder that does not know the operation has an API of another version.
    if (failure.code === "UNAUTHORIZED")
      return new RegistryError(failure.code, `${failure.message}; ${this.#remedy()}`);
    const isOld = failure.code === "UNSUPPORTED" && body?.code === undefined;
    if (!isOld) return failure;
    const what = `${this.#origin} is an older larder than this command: bring it up to date, or use its own larder command`;
    return new RegistryError("UNSUPPORTED", `${what} (${failure.message})`);
  }
}

/** An older larder does not say it, and nearly all are set so. */
function namespacesIn(told: unknown): readonly Namespace[] {
  if (!Array.isArray(told)) return [DOCKER_HUB];
  return told.flatMap((host) => (typeof host === "string" ? (tryParseNamespace(host) ?? []) : []));
}

function bodyOf({ body, upload }: Operation, left: ReadonlyMap<string, unknown>) {
  if (upload !== null) return left.get("upload") as RequestOf<"discoverImages">["upload"];
  return body === null ? null : JSON.stringify(Object.fromEntries(left));
}

/** Puts what is said where the operation wants it: into the path, the query, and what is left into the body. */
function write(operation: Operation, request: object) {
  const body = new Map<string, unknown>(Object.entries(request).filter(([, value]) => value !== undefined));
  const target = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const text = String(body.get(name));
    body.delete(name);
    // With its slashes: a proxy on the way may refuse them in disguise, and the path takes either.
    return encodeURIComponent(text).replace(/%(?:2F|3A|40)/g, decodeURIComponent);
  });
  const query = new URLSearchParams();
  for (const name of Object.keys(operation.query)) {
    if (body.has(name)) query.set(name, String(body.get(name)));
    body.delete(name);
  }
  return {
    method: operation.method,
    target: query.size === 0 ? target : `${target}?${query.toString()}`,
    body: bodyOf(operation, body),
  };
}
