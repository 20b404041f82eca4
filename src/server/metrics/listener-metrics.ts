import { X509Certificate } from "node:crypto";
import type { DnsTally } from "../../dns/dns-tally.ts";
import { CounterFamily } from "../../telemetry/metrics/counter.ts";
import type { MetricDefinition } from "../../telemetry/metrics/metric-family.ts";
import type { MetricReader } from "../../telemetry/metrics/metric-reader.ts";
import type { CertificateSource } from "../../tls/certificate-source.ts";

const IN_FLIGHT: MetricDefinition = {
  kind: "gauge",
  name: "larder_http_requests_in_flight",
  help: "Requests that are being answered",
  labels: [],
};
const EXPIRY: MetricDefinition = {
  kind: "gauge",
  name: "larder_tls_certificate_expiry_timestamp_seconds",
  help: "When the certificate that larder presents, or that of its own authority, expires, since unix epoch",
  labels: ["certificate"],
};

/** The number of requests that are being answered, as `openRequests` says it. */
export function listenerMetrics(openRequests: () => number): MetricReader {
  const read = () => [{ metric: IN_FLIGHT, labels: [], value: openRequests() }];
  return { name: "listeners", definitions: [IN_FLIGHT], read };
}

/**
 * When the certificate of HTTPS expires, and that of larder's own authority; `authorityPem` is null when it comes from
 * another authority.
 */
export function certificateMetrics(source: CertificateSource, authorityPem: string | null): MetricReader {
  const authorityMs = authorityPem === null ? null : Date.parse(new X509Certificate(authorityPem).validTo);
  const read = () => {
    const server = { metric: EXPIRY, labels: ["server"], value: source.current().notAfter.getTime() / 1000 };
    if (authorityMs === null) return [server];
    return [server, { metric: EXPIRY, labels: ["authority"], value: authorityMs / 1000 }];
  };
  return { name: "certificates", definitions: [EXPIRY], read };
}

/** Counts DNS messages by transport and outcome, never by the names that are asked for. */
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
