import { expect } from "bun:test";
import { parseAnswer, RawConnection, type RawReply } from "../conformance/raw-http.ts";
import { type HostileRequest, wireOf } from "./hostile-request.ts";

/** Far more than any answer takes: who waits so long waits forever. */
const ANSWER_LIMIT_MS = 30_000;
/** Not done, upstream at fault, not now, a version, no space, a loop: the fault is not in what larder did. */
const HONEST_FAILURES = [501, 502, 503, 505, 507, 508];
const SECRET = /^authorization: .*?(\S{12,})$/i;

/** Sends a request and gives its answer, which ends the connection. Throws when larder says nothing and does not close. */
export async function ask(url: string, request: HostileRequest): Promise<RawReply> {
  const connection = await RawConnection.open(url);
  try {
    void connection.write(wireOf(request, new URL(url).host));
    if (!(await connection.isClosed(ANSWER_LIMIT_MS))) throw new Error("no end of the answer");
    const wire = await connection.read(() => true);
    const isInterim = wire.toString("latin1", 0, 12) === "HTTP/1.1 100";
    return parseAnswer(isInterim ? wire.subarray(wire.indexOf("\r\n\r\n") + 4) : wire, request.method);
  } finally {
    connection.destroy();
  }
}

/** What holds for every answer, whatever was asked. */
export function expectDecent(request: HostileRequest, reply: RawReply): void {
  const { status, headers, body, wire } = reply;
  const said = wire.toString("latin1");
  expect(status < 500 || HONEST_FAILURES.includes(status), said.slice(0, 2000)).toBe(true);
  // The runtime's parser closes without an answer where it takes the bytes for no HTTP.
  if (status === 0) return expect(said).toBe("");
  expect([...headers.keys()].filter((name) => name.startsWith("x-injected"))).toEqual([]);
  expect(headers.get("access-control-allow-origin")).toBeUndefined();
  for (const line of request.headers) {
    const secret = SECRET.exec(line)?.[1];
    if (secret !== undefined) expect(said).not.toContain(secret);
  }
  if (status >= 400 && body.length > 0) expectForm(request.target, headers.get("content-type"), body.toString());
}

/** An error has the form that the API which was asked has for errors. */
function expectForm(target: string, type: string | undefined, text: string): void {
  // Dots in a path lead to where they lead.
  const { pathname } = new URL(`http://x${target}`);
  if (/^\/v2(?:\/|$)/.test(pathname)) {
    expect(type, text).toBe("application/json");
    const { errors } = JSON.parse(text) as { errors: { code: string; message: string }[] };
    expect(errors[0]).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/), message: expect.stringMatching(/./) });
  } else if (pathname.startsWith("/api/v1/")) {
    expect(type, text).toBe("application/problem+json");
    expect(JSON.parse(text)).toMatchObject({
      code: expect.stringMatching(/^[A-Z_]+$/),
      detail: expect.stringMatching(/./),
    });
  }
}
