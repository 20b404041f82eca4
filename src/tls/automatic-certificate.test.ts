import { afterAll, beforeAll, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Subjects, startAutomaticCertificate } from "./automatic-certificate.ts";
import { openCertificateAuthority } from "./certificate-authority.ts";
import { ManualClock } from "./manual-clock.fixture.ts";
import type { NameConstraints } from "./name-constraints.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-tls-"));
});
afterAll(() => rm(root, { recursive: true }));

let folders = 0;

async function start(constraints: NameConstraints | null = null) {
  const clock = new ManualClock();
  const warnings: string[] = [];
  const changes: string[] = [];
  const state: { subjects: Subjects } = { subjects: { names: ["quay.io"], addresses: ["10.0.0.5"] } };
  const log = { info() {}, warn: (message: string) => void warnings.push(message) };
  const authority = await openCertificateAuthority(join(root, String(folders++)), {
    now: () => clock.now(),
    constraints,
  });
  const source = await startAutomaticCertificate({ authority, subjects: () => state.subjects, clock, log });
  source.onChange(({ certPem }) => changes.push(certPem));
  return { clock, source, state, warnings, changes };
}

test("the certificate is renewed while half of its life is left, and not before", async () => {
  const { clock, source, changes } = await start();
  const first = source.current();
  for (let day = 0; day < 44; day++) await clock.advance(DAY_MS);
  expect(source.current()).toBe(first);
  await clock.advance(2 * DAY_MS, () => changes.length > 0);
  expect(changes).toEqual([source.current().certPem]);
  expect(source.current().certPem).not.toBe(first.certPem);
  expect(source.current().keyPem).not.toBe(first.keyPem);
  expect(source.current().notAfter.getTime() - clock.now()).toBeGreaterThan(89 * DAY_MS);
});

test("over nine years there is always a valid one, with at most nine renewals a year", async () => {
  const { clock, source, changes, warnings } = await start();
  for (let week = 0; week < 9 * 52; week++) {
    const left = () => source.current().notAfter.getTime() - clock.now();
    await clock.advance(7 * DAY_MS, () => left() >= 45 * DAY_MS);
    expect(left()).toBeGreaterThanOrEqual(45 * DAY_MS);
  }
  expect(changes.length).toBeLessThan(81);
  expect(warnings.every((warning) => warning.includes("expires within a year"))).toBe(true);
});

test("in its last days the authority is not asked for a new certificate every minute", async () => {
  const { clock, changes, warnings } = await start();
  await clock.advance((3650 - 10) * DAY_MS, () => changes.length > 0);
  const before = changes.length;
  for (let minute = 0; minute < 5; minute++) await clock.advance(60_000);
  await Bun.sleep(50);
  expect(changes.length).toBe(before);
  expect(warnings.join()).toContain("expires within a year");
});

test("a new name or address is in the certificate after the next look; one that goes away changes nothing", async () => {
  const { clock, source, state, changes } = await start();
  state.subjects = { names: ["quay.io", "ghcr.io"], addresses: ["10.0.0.5", "fd00::5"] };
  await clock.advance(60_000, () => changes.length > 0);
  expect(new X509Certificate(source.current().certPem).subjectAltName).toContain("DNS:ghcr.io");
  state.subjects = { names: ["quay.io"], addresses: [] };
  await clock.advance(60_000);
  await Bun.sleep(50);
  expect(changes).toHaveLength(1);
});

test("a clock that is set back gets a certificate that fits", async () => {
  const { clock, source, changes } = await start();
  await clock.advance(-60 * DAY_MS, () => changes.length > 0);
  expect(new Date(new X509Certificate(source.current().certPem).validFrom).getTime()).toBeLessThan(clock.now());
});

test("a name that the authority may not vouch for leaves the old certificate in place, and is logged once", async () => {
  const { clock, source, state, warnings } = await start(["quay.io"]);
  const first = source.current();
  state.subjects = { names: ["quay.io", "ghcr.io"], addresses: ["10.0.0.5"] };
  await clock.advance(60_000, () => warnings.length > 0);
  await clock.advance(60_000);
  await Bun.sleep(50);
  expect(source.current()).toBe(first);
  expect(warnings).toEqual(["the server certificate stays the old one"]);
});

test("a stopped source renews no more", async () => {
  const { clock, source, changes } = await start();
  source.stop();
  await clock.advance(80 * DAY_MS);
  await Bun.sleep(50);
  expect(changes).toEqual([]);
});
