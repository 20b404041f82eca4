import { expect, test } from "bun:test";
import type { EndedSpan } from "../traces/span.ts";
import { otlpJson } from "./otlp-json.ts";

const SPAN: EndedSpan = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  parentSpanId: "",
  isParentRemote: false,
  traceState: "",
  name: "GET /v2/",
  kind: "server",
  startMs: 1_796_000_000_000.25,
  endMs: 1_796_000_000_001.5,
  attributes: { text: "a", whole: 200, part: 0.5, flag: true },
  events: [],
  failure: null,
};

test("numbers of 64 bits are texts, ids hexadecimal, enumerations numbers", () => {
  const body = JSON.parse(otlpJson([SPAN], { attributes: { "service.name": "larder" }, version: "1.2.3" }));
  expect(body).toEqual({
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "larder" } }] },
        scopeSpans: [
          {
            scope: { name: "larder", version: "1.2.3" },
            spans: [
              {
                traceId: SPAN.traceId,
                spanId: SPAN.spanId,
                flags: 0x101,
                name: "GET /v2/",
                kind: 2,
                startTimeUnixNano: "1796000000000250000",
                endTimeUnixNano: "1796000000001500000",
                attributes: [
                  { key: "text", value: { stringValue: "a" } },
                  { key: "whole", value: { intValue: "200" } },
                  { key: "part", value: { doubleValue: 0.5 } },
                  { key: "flag", value: { boolValue: true } },
                ],
              },
            ],
          },
        ],
      },
    ],
  });
});

test("a parent, its remoteness, events and a failure are told where there are any", () => {
  const span: EndedSpan = {
    ...SPAN,
    parentSpanId: "1111111111111111",
    isParentRemote: true,
    traceState: "a=1",
    kind: "client",
    events: [{ name: "sent", atMs: 1, attributes: {} }],
    failure: "it broke",
  };
  const { spans } = JSON.parse(otlpJson([span], { attributes: {}, version: "" })).resourceSpans[0].scopeSpans[0];
  expect(spans[0]).toMatchObject({
    parentSpanId: "1111111111111111",
    traceState: "a=1",
    flags: 0x301,
    kind: 3,
    events: [{ name: "sent", timeUnixNano: "1000000", attributes: [] }],
    status: { code: 2, message: "it broke" },
  });
});
