import type { DnsTally } from "../../dns/dns-tally.ts";
import { CounterFamily } from "../../telemetry/metrics/counter.ts";

/** Counts DNS messages; of the names that are asked for nothing is kept. */
export class DnsMetrics implements DnsTally {
  readonly family = new CounterFamily({
    name: "larder_dns_queries_total",
    help: "DNS messages, by where the answer came from, or why there was no better one",
    labels: ["transport", "outcome"],
  });

  count(...labels: Parameters<DnsTally["count"]>): void {
    this.family.of(...labels).add();
  }
}
