import { expect, test } from "bun:test";
import { CertificateAuthenticator } from "./certificate-authenticator.ts";
import type { Arrival, ArrivedCertificate, Authenticator, Principal } from "./principal.ts";

const NOW = 1_000_000;
const REQUEST = new Request("https://larder.example/v2/");
const stranger: Authenticator = { authenticate: async () => ({ kind: "stranger", trait: "came from 10.0.0.9" }) };
const own: Authenticator = { authenticate: async () => ({ kind: "own-machine" }) };

async function whoIs(certificate: ArrivedCertificate | null, next = stranger): Promise<Principal> {
  const local = { address: null, port: 443 };
  const remote = { address: "10.0.0.9", port: 40_000 };
  const arrival: Arrival = { remote, local, scheme: "https", certificate };
  return new CertificateAuthenticator(next, () => NOW).authenticate(REQUEST, arrival);
}

test("a certificate that counts is who it names, on this machine too", async () => {
  const certificate = { kind: "verified", name: "node1", notAfterMs: NOW + 1 } as const;
  for (const next of [stranger, own])
    expect(await whoIs(certificate, next)).toEqual({ kind: "certificate", name: "node1" });
});

test("without one, it depends on where a request comes from", async () => {
  expect(await whoIs(null, own)).toEqual({ kind: "own-machine" });
  expect(await whoIs(null)).toEqual({ kind: "stranger", trait: "came from 10.0.0.9" });
});

test.each<[ArrivedCertificate, string]>([
  [{ kind: "refused", why: "was revoked" }, "was revoked"],
  [{ kind: "verified", name: "node1", notAfterMs: NOW }, "has expired since it connected"],
])("one that does not count makes nobody of its owner, and is told of", async (certificate, why) => {
  const trait = "came from 10.0.0.9";
  expect(await whoIs(certificate)).toEqual({ kind: "stranger", trait, certificateTrait: why });
  expect(await whoIs(certificate, own)).toEqual({ kind: "own-machine" });
});
