/** How the verbs find the registry. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { runCommand } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { hostOf } from "./test-site.ts";
import { LARDER, runLarder } from "./run-larder.ts";

const network = requirement("namespaces", "unshare", "ip");

describe("the registry's address", () => {
  let server: LarderProcess;
  beforeAll(async () => {
    server = await startLarder();
  });
  afterAll(() => server.stop());

  test("is that of --registry, LARDER_REGISTRY, LOCAL_REGISTRY, in this order", async () => {
    const [good, bad] = [hostOf(server.url), "127.0.0.1:9"];
    expect((await runLarder(bad, ["ls", "--registry", good], { LARDER_REGISTRY: bad })).status).toBe(0);
    expect((await runLarder(bad, ["ls"], { LARDER_REGISTRY: good })).status).toBe(0);
    expect((await runLarder(good, ["ls"], { LARDER_REGISTRY: "" })).status).toBe(0);
    expect((await runLarder(good, ["ls"], { LARDER_REGISTRY: bad })).status).toBe(1);
  });

  test("that is none is wrong usage, and one that nobody answers at a failure that names it", async () => {
    const wrong = await runLarder("no address", ["ls"]);
    expect(wrong.status).toBe(2);
    expect(wrong.errors).toContain("LOCAL_REGISTRY");
    for (const verb of ["ls", "gc"]) {
      const silent = await runLarder("127.0.0.1:9", [verb]);
      expect(silent).toMatchObject({ status: 1, output: "" });
      expect(silent.errors).toContain("127.0.0.1:9");
    }
  });

  test("where a larder is out of order is not taken for another registry's", async () => {
    const broken = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(null, { status: 500 }) });
    try {
      const { status, errors } = await runLarder(`127.0.0.1:${broken.port}`, ["gc"]);
      expect({ status, errors }).toEqual({
        status: 1,
        errors: `larder: http://127.0.0.1:${broken.port} answered 500\n`,
      });
    } finally {
      await broken.stop(true);
    }
  });

  test("is asked past the environment's proxy", async () => {
    const proxy = {
      HTTP_PROXY: "http://127.0.0.1:9",
      http_proxy: "http://127.0.0.1:9",
      ALL_PROXY: "http://127.0.0.1:9",
    };
    expect((await runLarder(hostOf(server.url), ["ls"], proxy)).status).toBe(0);
  });
});

describe.skipIf(!network.met)("the registry's address, as the seeds write it", () => {
  test("may be an IPv6 address without brackets, on port 80", async () => {
    const folder = await mkdtemp(join(tmpdir(), "larder-ipv6-"));
    const address = "fd00:2008::242:ac11:2";
    const script = `
      ip link set lo up && ip -6 address add ${address}/128 dev lo nodad
      "$1" serve --offline --http '[${address}]:80' --data "$2" >"$2/log" 2>&1 & server=$!
      until grep -q 'listens at' "$2/log" 2>/dev/null || ! kill -0 $server; do sleep 0.05; done
      LOCAL_REGISTRY=${address} "$1" offline; status=$?
      kill $server; wait $server; exit $status`;
    try {
      const argv = ["unshare", "--net", "sh", "-c", script, "sh", LARDER, folder];
      const { status, output, errors } = await runCommand(argv, { environment: { HOME: folder }, timeoutMs: 20_000 });
      expect({ status, output, errors }).toEqual({ status: 0, output: "on\n", errors: "" });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
