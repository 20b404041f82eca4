import { beforeAll, describe, expect, test } from "bun:test";
import { type Certificate, hasOpenssl, makeCertificate } from "./certificate.fixture.ts";
import { readClientCertificate, whyNotValid } from "./client-certificate.ts";

describe.skipIf(!hasOpenssl)("a client certificate and its key", () => {
  let [one, other] = [] as unknown as [Certificate, Certificate];
  beforeAll(async () => {
    [one, other] = await Promise.all([makeCertificate("DNS:one"), makeCertificate("DNS:other")]);
  });
  const read = (cert: string, key: string) =>
    readClientCertificate({ text: cert, path: "/c.pem" }, { text: key, path: "/c.key" });

  test("are read, with the time that it is for", () => {
    const { certPem, keyPem, source, validFromMs, validToMs } = read(one.cert, one.key);
    expect([certPem, keyPem, source]).toEqual([one.cert, one.key, "/c.pem"]);
    expect(validToMs - validFromMs).toBe(2 * 86_400_000);
  });

  test("are refused with the file and the reason when they do not fit or cannot be read", () => {
    expect(() => read(one.cert, other.key)).toThrow(
      "the key in /c.key is not that of the certificate in /c.pem (CN=DNS:one): they belong together",
    );
    expect(() => read(one.key, one.key)).toThrow("/c.pem holds no certificate in PEM");
    expect(() => read(one.cert, one.cert)).toThrow("/c.key holds no private key in PEM");
    expect(() => read(one.cert.replace(/\n[\w+/]{64}\n/, "\n"), one.key)).toThrow(
      "the certificate in /c.pem cannot be read",
    );
    expect(() => read(one.cert, one.key.replace(/\n[\w+/]{20}/, "\n"))).toThrow("the key in /c.key cannot be read");
    const encrypted = one.key.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    expect(() => read(one.cert, encrypted)).toThrow("the key in /c.key is encrypted");
  });

  test("tell why they are of no use at a time", () => {
    const certificate = read(one.cert, one.key);
    expect(whyNotValid(certificate, certificate.validFromMs)).toBeNull();
    expect(whyNotValid(certificate, certificate.validToMs + 1)).toContain("/c.pem expired on ");
    expect(whyNotValid(certificate, certificate.validFromMs - 1)).toContain("is this machine's clock right?");
  });
});
