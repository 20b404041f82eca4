import { randomUUID } from "node:crypto";
import type { NotificationEndpoint } from "./endpoint.ts";
import type { Message, Sender } from "./message.ts";
import { ENVELOPE_TYPES } from "./registry-envelope.ts";

/**
 * What an endpoint is sent to see whether it answers: a CloudEvent of the type `larder.test`, about nothing; of a registry format the
 * envelope with no event in it, since whatever stood there somebody might act upon.
 */
export function testMessage(format: NotificationEndpoint["format"], { addr }: Sender, nowMs: number): Message {
  if (format !== "cloudevents") return { contentType: ENVELOPE_TYPES[format], body: JSON.stringify({ events: [] }) };
  const event = {
    specversion: "1.0",
    id: randomUUID(),
    source: `//${addr}`,
    type: "larder.test",
    time: new Date(nowMs).toISOString(),
    datacontenttype: "application/json",
    data: { kind: "test" },
  };
  return { contentType: "application/cloudevents+json", body: JSON.stringify(event) };
}
