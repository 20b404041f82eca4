/**
 * Secrets, keys and chance in Helm's templates. What differs at every rendering is a fixed stand-in: no image depends on
 * it. Source: Sprig v3.3.0.
 */
import { textArgument, toCount, toInteger, toText } from "./cast-value.ts";
import type { TemplateFunction } from "./template-run.ts";

const PAIR: TemplateFunction = () =>
  new Map([
    ["Cert", "certificate"],
    ["Key", "key"],
  ]);
const letters: (letter: string) => TemplateFunction =
  (letter) =>
  ([count]) =>
    letter.repeat(Math.min(Math.max(toCount(count), 0), 10_000));

/** Functions by name. */
export const SECRET_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  randAlphaNum: letters("x"),
  randAlpha: letters("x"),
  randAscii: letters("x"),
  randNumeric: letters("1"),
  randBytes: ([count]) => Buffer.alloc(Math.min(Math.max(toCount(count), 0), 10_000)).toString("base64"),
  randInt: ([low]) => toInteger(low),
  shuffle: ([text]) => textArgument(text),
  uuidv4: () => "00000000-0000-4000-8000-000000000000",
  genPrivateKey: () => "key",
  genCA: PAIR,
  genCAWithKey: PAIR,
  genSelfSignedCert: PAIR,
  genSelfSignedCertWithKey: PAIR,
  genSignedCert: PAIR,
  genSignedCertWithKey: PAIR,
  buildCustomCert: PAIR,
  derivePassword: () => "password",
  htpasswd: ([user]) => `${toText(user)}:password`,
  bcrypt: () => "password",
  encryptAES: () => "encrypted",
  decryptAES: () => "",
  // Helm asks no name server unless it is told to.
  getHostByName: () => "",
};
