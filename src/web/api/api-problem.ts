/** What larder said in place of an answer, or why there was none: `message` is for people. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  /** The HTTP status; 0: larder was not reached. */
  readonly status: number;
  /** As in problem+json, such as `DENIED`; null: none was said. */
  readonly code: string | null;

  constructor(message: string, status: number, code: string | null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The problem that an answer is; of one that says nothing of its own (a proxy's page, say), its status. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const told = await response.json().catch(() => null);
  const { detail, title, code } = (typeof told === "object" && told !== null ? told : {}) as Record<string, unknown>;
  const said = [detail, title].find((one): one is string => typeof one === "string" && one !== "");
  const message = said ?? `the answer was ${response.status} ${response.statusText}`.trim();
  return new ApiProblem(message, response.status, typeof code === "string" ? code : null);
}

/** A failure as a problem. What was given up by the page itself is rethrown as it is. */
export function asProblem(failure: unknown): ApiProblem {
  if (failure instanceof ApiProblem) return failure;
  if (failure instanceof DOMException && failure.name === "AbortError") throw failure;
  return new ApiProblem("larder cannot be reached; is it running, and is there a way to it?", 0, null);
}
