import { describe, expect, test } from "bun:test";
import type { Given } from "./given-settings.ts";
import type { ListenAddress } from "./listen-address.ts";
import { settingsFrom } from "./settings.ts";

type Said = { http?: ListenAddress[]; https?: ListenAddress[]; standardPorts?: boolean };
function listeners(said: Said) {
  const given = Object.entries(said).map(([key, value]): [string, Given] => [
    key,
    { key: key as keyof Said, host: null, value, origin: { kind: "flag", name: `--${key}` } },
  ]);
  return settingsFrom(new Map(given));
}

const port = (number: number) => ({ host: null, port: number });

describe("without a word on where to listen, larder", () => {
  test("listens for plain HTTP on 5000", () => {
    expect(listeners({}).http).toEqual([port(5000)]);
  });

  test("leaves that out beside HTTPS, which is mostly wanted alone", () => {
    expect(listeners({ https: [port(443)] }).http).toEqual([]);
    expect(listeners({ https: [port(443)], http: [port(80)] }).http).toEqual([port(80)]);
  });
});

test("the standard ports are three addresses, beside those that are given", () => {
  const { http, https, dns } = listeners({ standardPorts: true, http: [port(5000), port(80)] });
  expect([http, https, dns]).toEqual([[port(5000), port(80)], [port(443)], [port(53)]]);
  expect(listeners({ standardPorts: true }).http).toEqual([port(80)]);
});
