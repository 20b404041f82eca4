import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCertificateAuthority } from "./certificate-authority.ts";
import { watchClientAuthorities } from "./client-authorities.ts";
import { ManualClock } from "./manual-clock.fixture.ts";

let root: string;
let clock: ManualClock;
let lines: string[];
let caPath: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-client-authorities-"));
  clock = new ManualClock(Date.now());
  lines = [];
  caPath = join(root, "clients.pem");
});
afterEach(() => rm(root, { recursive: true }));

const authority = (name: string) =>
  openCertificateAuthority(join(root, name), { now: () => Date.now(), constraints: null });
const log = {
  info: (message: string) => void lines.push(message),
  warn: (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields ?? {})}`),
};
const watch = (crlPath: string | null = null) => watchClientAuthorities({ caPath, crlPath, clock, log });

test("several authorities may stand in one file, with words in between", async () => {
  const [one, two] = [await authority("one"), await authority("two")];
  await Bun.write(caPath, `ours\n${one.certPem}\ntheirs\n${two.certPem}`);
  const source = await watch();
  expect(source.current()).toEqual({ caPem: one.certPem + two.certPem, crlPem: null });
  source.stop();
});

test("a changed file counts, one that cannot be used does not, and is told of", async () => {
  const [one, two] = [await authority("one"), await authority("two")];
  await Bun.write(caPath, one.certPem);
  const source = await watch();
  let changes = 0;
  source.onChange(() => changes++);
  await Bun.write(caPath, two.certPem);
  await clock.advance(5000, () => changes === 1);
  expect([source.current().caPem, changes]).toEqual([two.certPem, 1]);
  await Bun.write(caPath, "nothing");
  await clock.advance(5000);
  await Bun.sleep(50);
  await clock.advance(5000, () => lines.some((line) => line.includes("holds no certificate")));
  expect([source.current().caPem, changes]).toEqual([two.certPem, 1]);
  expect(lines.at(-1)).toContain("holds no certificate in PEM");
  source.stop();
});

test("what cannot be used stops the start, by its name", async () => {
  const one = await authority("one");
  const client = await one.issueClientCertificate("node1", 1e6);
  await expect(watch()).rejects.toThrow(`cannot read ${caPath}`);
  for (const [text, why] of [
    ["", "holds no certificate in PEM"],
    [client.certPem, "is no authority's"],
    ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1 in"],
  ] as const) {
    await Bun.write(caPath, text);
    await expect(watch()).rejects.toThrow(why);
  }
  await Bun.write(caPath, one.certPem);
  const crlPath = join(root, "revoked.pem");
  await Bun.write(crlPath, "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n");
  await expect(watch(crlPath)).rejects.toThrow(`a revocation list in ${crlPath} is damaged`);
  await Bun.write(crlPath, one.certPem);
  await expect(watch(crlPath)).rejects.toThrow("holds no revocation list in PEM");
});
