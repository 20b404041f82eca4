import { within } from "../../lib/async/within.ts";
import type { Exchange } from "../exchange.ts";
import { MethodNotAllowed } from "../method-not-allowed.ts";
import type { Pages } from "../pages.ts";
import { sendText } from "../send-text.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** A check that must pass for larder to serve. */
export type Check = {
  /** One word. */
  readonly name: string;
  /** What is wrong, and what to do; null when nothing is. What it throws is wrong, too. */
  readonly problem: () => string | null | Promise<string | null>;
};

/** A check that takes longer has failed: a disk that hangs must not make the answer hang. */
const PATIENCE_MS = 2000;

type Finding = { readonly name: string; readonly problem: string | null };

/**
 * For supervisors and load balancers, at every address and under every host's name:
 *
 *     /healthz   this process answers: nothing is looked at, so nothing can hang; who gets no answer restarts it
 *     /readyz    it can do its work, store and all; 503 says why not, and that a restart would not help
 *
 * `?verbose`, or `Accept: application/json`, gives each check as JSON.
 */
export class HealthPages implements Pages {
  readonly name = "health";
  readonly #checks: readonly Check[];
  readonly #readyPath: string;

  constructor(checks: readonly Check[], readyPath = "/readyz") {
    this.#checks = checks;
    this.#readyPath = readyPath;
  }

  answer(exchange: Exchange): Promise<Response> | null {
    const { path, record } = exchange;
    if (path !== "/healthz" && path !== this.#readyPath) return null;
    record.route = "health";
    return this.#answer(exchange, path === "/healthz" ? [] : this.#checks);
  }

  async #answer(exchange: Exchange, checks: readonly Check[]): Promise<Response> {
    const { request, query } = exchange;
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new MethodNotAllowed(request.method, ["GET", "HEAD"]);
    }
    const findings = await Promise.all(checks.map(find));
    const isWell = findings.every(({ problem }) => problem === null);
    const wantsJson = query.has("verbose") || request.headers.get("accept")?.includes("application/json") === true;
    const body = wantsJson ? { type: "application/json", text: asJson(isWell, findings) } : asText(isWell, findings);
    return sendText(exchange, body.text, {
      status: isWell ? 200 : 503,
      headers: { "Content-Type": body.type, "Cache-Control": "no-store" },
    });
  }
}

async function find({ name, problem }: Check): Promise<Finding> {
  const late = () => `no answer within ${PATIENCE_MS / 1000} seconds`;
  try {
    return { name, problem: await within(Promise.try(problem), PATIENCE_MS, late) };
  } catch (error) {
    return { name, problem: describeFailure(error) };
  }
}

function asText(isWell: boolean, findings: readonly Finding[]): { type: string; text: string } {
  const problems = findings.flatMap(({ name, problem }) => (problem === null ? [] : [`${name}: ${problem}\n`]));
  return { type: "text/plain; charset=utf-8", text: isWell ? "ok\n" : problems.join("") };
}

function asJson(isWell: boolean, findings: readonly Finding[]): string {
  const checks = findings.map(({ name, problem }) => ({ name, isWell: problem === null, problem }));
  return `${JSON.stringify({ status: isWell ? "ok" : "unavailable", checks })}\n`;
}
