import { X509Certificate } from "node:crypto";
import type { CertificateSource } from "../../tls/certificate-source.ts";
import type { MetricDefinition } from "../../telemetry/metrics/metric-family.ts";
import type { MetricReader } from "../../telemetry/metrics/metric-reader.ts";

const EXPIRY: MetricDefinition = {
  kind: "gauge",
  name: "larder_tls_certificate_expiry_timestamp_seconds",
  help: "When the certificate that larder presents, or that of its own authority, expires, since unix epoch",
  labels: ["certificate"],
};

/** When what is presented over HTTPS expires. `authorityPem` is null where the authority is not larder's own. */
export function certificateMetrics(source: CertificateSource, authorityPem: string | null): MetricReader {
  const authorityMs = authorityPem === null ? null : Date.parse(new X509Certificate(authorityPem).validTo);
  const read = () => {
    const server = { metric: EXPIRY, labels: ["server"], value: source.current().notAfter.getTime() / 1000 };
    if (authorityMs === null) return [server];
    return [server, { metric: EXPIRY, labels: ["authority"], value: authorityMs / 1000 }];
  };
  return { name: "certificates", definitions: [EXPIRY], read };
}
