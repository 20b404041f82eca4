import { expect, test } from "bun:test";
import { send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();

test("the root of the API answers 200 and names its version", async () => {
  const reply = await send("GET", `${registry.url}/v2/`);
  expect(reply.status).toBe(200);
  expect(reply.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
});

test("HEAD of the root of the API answers like GET, without a body", async () => {
  const reply = await send("HEAD", `${registry.url}/v2/`);
  expect(reply.status).toBe(200);
  expect(reply.bytes.length).toBe(0);
});

test("credentials that nobody asked for do no harm", async () => {
  // skopeo sends empty Basic credentials when it has none.
  const reply = await send("GET", `${registry.url}/v2/`, { headers: { Authorization: "Basic Og==" } });
  expect(reply.status).toBe(200);
});
