import { expect, test } from "bun:test";
import { hostsTomlFiles, hostsTomlNotes } from "./hosts-toml.ts";
import { secureSpoofing, testSettings } from "../settings.fixture.ts";

test("an IPv6 address stands in no heading, which containerd 1.x could not read, and has no fallback", () => {
  const settings = testSettings("https", { registry: "https://[fd00::5]:5443" });
  const [file] = hostsTomlFiles(settings, "/certs.d", "/ca.crt");
  expect(file?.path).toBe("/certs.d/docker.io/hosts.toml");
  expect(file?.content).toBe(
    'server = "https://[fd00::5]:5443"\ncapabilities = ["pull", "resolve"]\nca = "/ca.crt"\ndial_timeout = "2s"\n\n[host]\n',
  );
  expect(hostsTomlNotes(settings)).toHaveLength(1);
  expect(hostsTomlNotes({ ...settings, fallback: false })).toEqual([]);
});

test("spoofed names are written as names, wherever they lead", () => {
  const settings = secureSpoofing({ registry: "https://[fd00::5]" });
  expect(hostsTomlFiles(settings, "/certs.d", null)[0]?.content).toContain('[host."https://registry-1.docker.io"]');
  expect(hostsTomlNotes(settings)).toEqual([]);
});

test("a larder whose packets are dropped is given two seconds, not thirty", () => {
  for (const settings of [testSettings("http"), testSettings("https", { catchAll: true }), secureSpoofing()]) {
    for (const { content } of hostsTomlFiles(settings, "/certs.d", "/ca.crt")) {
      expect(content).toMatch(/^\[host\.".*"\]\n(?: {2}.*\n)*? {2}dial_timeout = "2s"\n/m);
    }
  }
});
