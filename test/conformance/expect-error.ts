import { expect } from "bun:test";
import type { Reply } from "./registry-client.ts";

type ErrorBody = { errors: { code: string; message: string; detail?: unknown }[] };

/**
 * Holds an answer to the specification's form of errors: the status, JSON, a list of errors with a code and a message
 * for people, and the first code if one is asked for. Returns the errors.
 *
 * Source: distribution-spec v1.1.1, "Error Codes".
 */
export function expectError(reply: Reply, status: number, code?: string): ErrorBody["errors"] {
  expect(reply.status, reply.text.slice(0, 300)).toBe(status);
  expect(reply.headers.get("content-type")?.split(";")[0]).toBe("application/json");
  const body = JSON.parse(reply.text) as ErrorBody;
  expect(body.errors.length).toBeGreaterThan(0);
  for (const error of body.errors) {
    expect(error.code).toMatch(/^[A-Z0-9_]+$/);
    expect(error.message).toBeString();
    expect(error.message).not.toBe("");
  }
  if (code !== undefined) expect(body.errors[0]?.code, reply.text).toBe(code);
  return body.errors;
}
