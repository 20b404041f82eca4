import type { Gate } from "../../access/gate.ts";
import { SingleFlight } from "../../lib/async/single-flight.ts";
import {
  chooseFormat,
  CONTENT_TYPE,
  type ExpositionFormat,
  formatExposition,
} from "../../telemetry/metrics/exposition.ts";
import type { Metrics } from "../../telemetry/metrics/metrics.ts";
import type { Exchange } from "../exchange.ts";
import { MethodNotAllowed } from "../method-not-allowed.ts";
import type { Pages } from "../pages.ts";
import { sendText } from "../send-text.ts";

const METHODS = ["GET", "HEAD"];

/** Answers `/metrics` for all who may pull: it names registries, never a repository, a tag or a client. */
export class MetricsPages implements Pages {
  readonly name = "metrics";
  readonly #metrics: Metrics;
  readonly #gate: Gate | null;
  readonly #reading = new SingleFlight<ExpositionFormat, string>();

  /** `gate` null: everybody who reaches them may have them. */
  constructor(metrics: Metrics, gate: Gate | null) {
    this.#metrics = metrics;
    this.#gate = gate;
  }

  answer(exchange: Exchange): Promise<Response> | null {
    return exchange.path === "/metrics" ? this.#answer(exchange) : null;
  }

  async #answer(exchange: Exchange): Promise<Response> {
    const { request, record } = exchange;
    record.route = "metrics";
    if (!METHODS.includes(request.method)) throw new MethodNotAllowed(request.method, METHODS);
    await this.#gate?.admit(exchange, "pull", null);
    const format = chooseFormat(request.headers.get("accept"));
    // However many ask, what costs something is done once at a time.
    const text = await this.#reading.run(format, async () => formatExposition(await this.#metrics.read(), format));
    const headers = { "Content-Type": CONTENT_TYPE[format], "Cache-Control": "no-store", Vary: "Accept" };
    return sendText(exchange, text, { headers });
  }
}
