/** The receiver that docs/notifications.md shows, as it stands there but for its port. */
import { describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeImage } from "../conformance/content-factory.ts";
import { startLarder } from "../conformance/larder-process.ts";
import { pushImage } from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";

const GUIDE = join(import.meta.dir, "..", "..", "docs", "notifications.md");

describe.skipIf(!requirement("python3").met)("the receiver of the guide", () => {
  test("takes what larder signed, and nothing else", async () => {
    const [, script = ""] = /```python\n(.*?)```/s.exec(await readFile(GUIDE, "utf8")) ?? [];
    const folder = await mkdtemp(join(tmpdir(), "larder-receiver-"));
    const port = freePort();
    expect(script).toContain("8080");
    await Bun.write(join(folder, "hook.py"), script.replace("8080", String(port)));
    await Bun.write(join(folder, "ci-secret"), "our secret\n");
    const url = `http://127.0.0.1:${port}/`;
    const endpoints = [{ name: "builds", url, format: "cloudevents", secretFile: join(folder, "ci-secret") }];
    await Bun.write(join(folder, "larder.yaml"), JSON.stringify({ notifications: { endpoints } }));
    const python = Bun.spawn(["python3", "-u", "hook.py"], { cwd: folder, stdout: "pipe", stderr: "ignore" });
    const larder = await startLarder({ arguments: ["--config", join(folder, "larder.yaml")] });
    let said = "";
    void (async () => {
      for await (const piece of python.stdout.pipeThrough(new TextDecoderStream())) said += piece;
    })();
    try {
      await until(
        "it listens",
        () =>
          fetch(url).then(
            () => true,
            () => false,
          ),
        20_000,
      );
      const forged = { "X-Larder-Signature-256": "sha256=00" };
      expect((await fetch(url, { method: "POST", body: '{"subject":"forged"}', headers: forged })).status).toBe(403);
      expect((await fetch(url, { method: "POST", body: '{"subject":"unsigned"}' })).status).toBe(403);
      await pushImage(larder.url, "team/app", makeImage(), "v1");
      await until("it was told", () => said.includes("\n"), 20_000);
      expect(said).toBe("team/app:v1\n");
    } finally {
      python.kill();
      await python.exited;
      await larder.stop();
      await rm(folder, { recursive: true });
    }
  }, 60_000);
});

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}
