import { describe, expect, test } from "bun:test";
import { completeSettings } from "./settings.ts";

const port = (number: number) => ({ host: null, port: number });

describe("without a word on where to listen, larder", () => {
  test("listens for plain HTTP on 5000", () => {
    expect(completeSettings({}).http).toEqual([port(5000)]);
  });

  test("leaves that out beside HTTPS, which is mostly wanted alone", () => {
    expect(completeSettings({ https: [port(443)] }).http).toEqual([]);
    expect(completeSettings({ https: [port(443)], http: [port(80)] }).http).toEqual([port(80)]);
  });
});

test("the standard ports are three addresses, beside those that are given", () => {
  const { http, https, dns } = completeSettings({ standardPorts: true, http: [port(5000), port(80)] });
  expect([http, https, dns]).toEqual([[port(5000), port(80)], [port(443)], [port(53)]]);
  expect(completeSettings({ standardPorts: true }).http).toEqual([port(80)]);
});
