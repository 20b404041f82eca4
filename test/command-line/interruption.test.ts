/** Ctrl-C: what came is said, and what larder does without the command; the terminal is left as it was. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { until } from "../until.ts";
import { LARDER } from "./run-larder.ts";
import { hostOf, smallImage } from "./test-site.ts";

/** An upstream that sends the beginning of each layer, and no more. */
async function startStalling(): Promise<{ readonly url: string; readonly server: Server }> {
  const { manifest, blobs } = smallImage();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    if (path.includes("/manifests/")) {
      asked.push(path);
      response.setHeader("Content-Type", manifest.mediaType);
      response.setHeader("Docker-Content-Digest", manifest.digest);
      return response.end(request.method === "HEAD" ? undefined : manifest.bytes);
    }
    const blob = blobs.find(({ digest }) => path.endsWith(digest));
    if (blob === undefined) return response.writeHead(path === "/v2/" ? 200 : 404).end("{}");
    response.setHeader("Content-Length", blob.bytes.length);
    if (request.method === "HEAD") return response.end();
    return response.write(blob.bytes.subarray(0, 10));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`, server };
}

const asked: string[] = [];
let upstream: Server;
let larder: LarderProcess;
beforeAll(async () => {
  const { url, server } = await startStalling();
  upstream = server;
  larder = await startLarder({ arguments: ["--upstream", `quay.io=${url}`] });
});
afterAll(async () => {
  upstream.closeAllConnections();
  upstream.close();
  await larder.stop();
});

const imagesOf = (group: string) => ["a", "b", "c", "d", "e"].map((name) => `quay.io/${group}/${name}:1`);
const environment = () => ({
  PATH: Bun.env["PATH"] ?? "",
  HOME: tmpdir(),
  TERM: "xterm",
  LOCAL_REGISTRY: hostOf(larder.url),
});

describe("on a terminal", () => {
  test("Ctrl-C ends with 130, says what larder goes on with, and takes the bars away", async () => {
    let drawn = "";
    const images = imagesOf("stalls");
    const command = Bun.spawn([LARDER, "cache", ...images], {
      env: environment(),
      terminal: { cols: 60, rows: 30, data: (_, bytes) => void (drawn += new TextDecoder().decode(bytes)) },
    });
    await until("bars are drawn", () => drawn.includes(" done  "));
    command.terminal?.write("\x03");
    expect(await command.exited).toBe(130);
    await until("all was drawn", () => drawn.includes("not begun: quay.io/stalls/d:1, quay.io/stalls/e:1"));
    expect(drawn).toContain("larder: interrupted: 0 of 5 images are there");
    // It is wrapped to the terminal's width.
    expect(drawn.replaceAll(/\s+/g, " ")).toContain(
      `larder goes on by itself with ${images.slice(0, 3).join(", ")} not begun`,
    );
    // Nothing is drawn after the last bars were cleared, and the cursor was never hidden.
    expect(drawn.slice(drawn.lastIndexOf("\x1b[J"))).not.toContain(" done  ");
    expect(drawn).not.toContain("\x1b[?25l");
  });
});

test.each([
  ["cache", ["cache", "quay.io/verbs/cache:1"]],

  ["aci convert", ["aci", "convert", "quay.io/verbs/convert:1", "--out", tmpdir()]],
])("two SIGINTs end %s with 130, without a word of the runtime", async (_, argv) => {
  const before = asked.length;
  const command = Bun.spawn([LARDER, ...argv.map((word) => word.replace("REG", hostOf(larder.url)))], {
    env: environment(),
    stdout: "pipe",
    stderr: "pipe",
  });
  await until("upstream was asked", () => asked.length > before);
  command.kill("SIGINT");
  command.kill("SIGINT");
  expect(await command.exited).toBe(130);
  expect(await command.stderr.text()).not.toMatch(/fault|at .*\.ts/);
});

describe("elsewhere", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends with %d, and --json tells what there is", async (signal, expected) => {
    const command = Bun.spawn([LARDER, "cache", "--json", ...imagesOf(signal.toLowerCase())], {
      env: environment(),
      stdout: "pipe",
      stderr: "pipe",
    });
    const isAsked = (name: string) => asked.some((path) => path.includes(`${signal.toLowerCase()}/${name}/`));
    await until("upstream was asked for three", () => ["a", "b", "c"].every(isAsked));
    command.kill(signal);
    const [output, errors, status] = await Promise.all([command.stdout.text(), command.stderr.text(), command.exited]);
    expect(status).toBe(expected);
    expect(errors).toContain("larder: interrupted");
    const statuses = (JSON.parse(output) as { status: string }[]).map((one) => one.status);
    expect(statuses).toEqual(["interrupted", "interrupted", "interrupted", "skipped", "skipped"]);
  });
});
