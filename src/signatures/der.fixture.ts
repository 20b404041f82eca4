/** Writes DER and certificates for tests: whatever they need to say, true or false. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.byteLength;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), body]);
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

const ATTRIBUTES: Readonly<Record<string, string>> = { C: "2.5.4.6", ST: "2.5.4.8", O: "2.5.4.10", CN: "2.5.4.3" };

function name(attributes: readonly string[]): Buffer {
  const sets = attributes.map((attribute) => {
    const [type = "", value = ""] = attribute.split(/=(.*)/s);
    return der(0x31, sequence(oid(ATTRIBUTES[type] ?? "2.5.4.3"), der(0x0c, Buffer.from(value))));
  });
  return sequence(...sets);
}

function time(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return der(0x18, Buffer.from(digits));
}

function extension(id: string, isCritical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(isCritical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
}

export type MadeCertificate = {
  readonly der: Buffer;
  readonly pem: string;
  readonly key: KeyObject;
  readonly subject: readonly string[];
};

export type CertificateWish = {
  readonly subject: readonly string[];
  readonly issuer?: MadeCertificate;
  readonly kind: "authority" | "signer" | "server";
  readonly fromMs?: number;
  readonly untilMs?: number;
  readonly algorithm?: "ec" | "rsa";
  /** A URL in the subject's alternative names, and Fulcio's issuer. */
  readonly identity?: { readonly url: string; readonly issuer: string };
};

const DAY = 86_400_000;
let serial = 1;

/** A certificate of its own key, signed by `issuer` or by itself. */
export function makeCertificate(wish: CertificateWish): MadeCertificate {
  const { publicKey, privateKey } =
    wish.algorithm === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const signer = wish.issuer?.key ?? privateKey;
  const signature =
    signer.asymmetricKeyType === "rsa"
      ? sequence(oid("1.2.840.113549.1.1.11"), der(0x05))
      : sequence(oid("1.2.840.10045.4.3.2"));
  const now = Date.now();
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([serial++ & 0x7f])),
    signature,
    name(wish.issuer?.subject ?? wish.subject),
    sequence(time(wish.fromMs ?? now - DAY), time(wish.untilMs ?? now + DAY)),
    name(wish.subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensionsOf(wish))),
  );
  const made = sign("sha256", body, signer);
  const bytes = sequence(body, signature, der(0x03, Buffer.from([0]), made));
  const pem = `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64").replaceAll(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
  return {
    der: bytes,
    pem,
    key: createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" })),
    subject: wish.subject,
  };
}

function extensionsOf({ kind, identity }: CertificateWish): readonly Buffer[] {
  if (kind === "authority") {
    return [
      extension("2.5.29.19", true, sequence(der(0x01, Buffer.from([0xff])))),
      extension("2.5.29.15", true, der(0x03, Buffer.from([1, 0x06]))),
    ];
  }
  const purpose = kind === "signer" ? "1.3.6.1.5.5.7.3.3" : "1.3.6.1.5.5.7.3.1";
  const usual = [
    extension("2.5.29.15", true, der(0x03, Buffer.from([7, 0x80]))),
    extension("2.5.29.37", false, sequence(oid(purpose))),
  ];
  if (identity === undefined) return usual;
  return [
    ...usual,
    extension("2.5.29.17", true, sequence(der(0x86, Buffer.from(identity.url)))),
    extension("1.3.6.1.4.1.57264.1.8", false, der(0x0c, Buffer.from(identity.issuer))),
  ];
}
