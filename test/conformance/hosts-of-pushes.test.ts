import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { freshName } from "./content-factory.ts";
import { type LarderProcess, startLarder } from "./larder-process.ts";
import { sendRaw } from "./raw-http.ts";
import { isForeignRegistry } from "./registry-under-test.ts";

/** Which requests of this machine's programs count as meant for larder, by what they say in `Host` and around it. */
describe.skipIf(isForeignRegistry)("a push from larder's own machine", () => {
  let closed: LarderProcess;
  let open: LarderProcess;
  beforeAll(async () => {
    closed = await startLarder({ arguments: ["--name", "registry.lan"] });
    open = await startLarder({ arguments: ["--open"] });
  });
  afterAll(async () => {
    await closed.stop();
    await open.stop();
  });

  /** `PORT` stands for larder's. */
  async function begin(
    { url }: LarderProcess,
    head: string,
    target = `/v2/${freshName()}/blobs/uploads/`,
    version = "1.1",
  ) {
    const { port } = new URL(url);
    const lines = [`POST ${target} HTTP/${version}`, ...(head === "" ? [] : [head]), "Content-Length: 0", "", ""];
    return sendRaw(url, lines.join("\r\n").replaceAll("PORT", port));
  }

  test.each([
    "Host: localhost:PORT",
    "Host: LOCALHOST.:PORT",
    "Host: 127.0.0.1:PORT",
    "Host: [::ffff:127.0.0.1]:PORT",
    "Host: registry.lan",
    "Host: registry-1.docker.io",
    "Host: localhost:PORT\r\nSec-Fetch-Site: none",
    "Host: localhost:PORT\r\nReferer: http://evil.example/",
  ])("is accepted with %p", async (head) => {
    expect((await begin(closed, head)).status).toBe(202);
    expect((await begin(closed, head, undefined, "1.0")).status).toBe(202);
  });

  test.each([
    "Host: evil.example",
    "Host: evil@localhost:PORT",
    "Host: localhost:PORT@evil.example",
    "Host: localhost/evil.example",
    "Host: localhost evil.example",
    "Host: localhost:99999",
    "Host: 203.0.113.9:PORT",
    "Host: evil.example\r\nSec-Fetch-Site: none",
    "Host: localhost:PORT\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site",
    "Host: localhost:PORT\r\nOrigin: http://localhost:PORT\r\nOrigin: http://evil.example",
    "Host: registry-1.docker.io\r\nOrigin: http://registry-1.docker.io",
  ])("is refused with %p", async (head) => {
    expect((await begin(closed, head)).status).toBe(403);
  });

  test("is refused when it names two hosts, or none", async () => {
    const both = ["Host: localhost:PORT\r\nHost: evil.example", "Host: evil.example\r\nHost: localhost:PORT"];
    for (const head of both) {
      expect((await begin(closed, head)).status).toBe(400);
      for (const path of ["/v2/", "/v2/x/manifests/latest", "/api/v1/health", "/client/", "/"]) {
        const heads = head.replace("PORT", new URL(closed.url).port);
        expect((await sendRaw(closed.url, `GET ${path} HTTP/1.1\r\n${heads}\r\n\r\n`)).status).toBe(400);
      }
    }
    expect((await begin(closed, "", undefined, "1.0")).status).toBe(403);
    expect((await begin(closed, "")).status).toBe(400);
  });

  test("goes by its Host when its target names another", async () => {
    const path = `/v2/${freshName()}/blobs/uploads/`;
    expect((await begin(closed, "Host: localhost:PORT", `http://localhost:PORT${path}`)).status).toBe(202);
    expect((await begin(closed, "Host: evil.example", `http://localhost:PORT${path}`)).status).toBe(403);
  });

  test.each(["PROXY TCP4 127.0.0.1 127.0.0.1 56324 443\r\n", "\r\n\r\n\0\r\nQUIT\n"])(
    "is none when a proxy's own protocol stands before it: %p",
    async (before) => {
      const request = `POST /v2/${freshName()}/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`;
      expect((await sendRaw(closed.url, before + request)).status).toBe(400);
    },
  );

  test.each(["Host: evil.example", "Host: evil@localhost:PORT", "Host: localhost:99999", "Host: a b"])(
    "is accepted by an open larder with %p, and told where to go on",
    async (head) => {
      const { status, headers } = await begin(open, head);
      expect(status).toBe(202);
      expect(headers.get("location")).toMatch(/^\/v2\/conformance\/[^/]+\/blobs\/uploads\/[\w-]+$/);
    },
  );
});
