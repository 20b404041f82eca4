/** How verbs find a larder when nobody says where it is. Each test has a network of its own, so that no other is there. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandResult, runCommand } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { LARDER } from "./run-larder.ts";

const lab = requirement("namespaces", "unshare", "ip");
const BUN = process.execPath;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-finding-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs a shell script in a network of its own; `$LARDER` is larder, `start ARGUMENTS` starts one and waits until it listens. */
async function run(script: string): Promise<CommandResult> {
  const library = `
    ip link set lo up
    number=0
    start() {
      number=$((number + 1)); rm -f "$FOLDER/log$number"
      "$LARDER" serve --offline --data "$FOLDER/data$number" "$@" >"$FOLDER/log$number" 2>&1 &
      eval "pid$number=$!"
      until grep -q 'Try next' "$FOLDER/log$number" 2>/dev/null || ! kill -0 $!; do sleep 0.05; done
    }
    serve() { "$BUN" -e "Bun.serve({port: $1, fetch: () => $2}); console.log('up')" >"$FOLDER/up" & until [ -s "$FOLDER/up" ]; do sleep 0.05; done; }
  `;
  return runCommand(
    ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", `${library}\n${script}`],
    {
      environment: {
        HOME: folder,
        LARDER,
        FOLDER: folder,
        BUN,
        XDG_RUNTIME_DIR: folder,
        RUNTIME_DIRECTORY: join(folder, "larder"),
      },
      timeoutMs: 50_000,
    },
  );
}

describe.skipIf(!lab.met)("without an address, verbs find", () => {
  test("the larder of this machine, whatever its port, and over TLS with its own authority", async () => {
    expect(await run("start --http 127.0.0.1:4711; $LARDER offline")).toMatchObject({ status: 0, output: "on\n" });
    const secure = await run("start --https 127.0.0.1:4712; $LARDER offline; $LARDER ls");
    expect(secure).toMatchObject({ status: 0, output: "on\n" });
    expect(secure.errors).toContain("holds no images yet");
  });

  test("the one that was started last, and name the others", async () => {
    const { output, errors } = await run(
      "start --http 127.0.0.1:4711; start --http 127.0.0.1:4712; $LARDER ls --json; kill $pid2; wait $pid2; $LARDER offline",
    );
    expect(output).toEndWith("on\n");
    expect(errors).toContain(`the one started last, http://127.0.0.1:4712 (${folder}/data2)`);
    expect(errors).toContain(`--registry names another: http://127.0.0.1:4711 (${folder}/data1)`);
    // Once the second one has ended, there is no choice to speak of.
    expect(errors.match(/started last/g)).toHaveLength(1);
  });

  test("one on a usual port, though a file says nothing", async () => {
    const gone = "rm -r $FOLDER/larder /run/larder/* 2>/dev/null;";
    expect(await run(`start --http 127.0.0.1:5000; ${gone} $LARDER offline`)).toMatchObject({ output: "on\n" });
    expect(await run(`start --http 127.0.0.1:80; ${gone} $LARDER offline`)).toMatchObject({ output: "on\n" });
    expect(await run(`start --https 127.0.0.1:443; ${gone} $LARDER offline`)).toMatchObject({ output: "on\n" });
  });

  test("none that was killed, and say what was tried", async () => {
    const { status, output, errors } = await run("start --http 127.0.0.1:4711; kill -9 $pid1; wait $pid1; $LARDER ls");
    expect({ status, output }).toEqual({ status: 1, output: "" });
    for (const words of [
      "is it running?",
      "localhost:5000: nobody listens",
      "localhost:80: ",
      "https://localhost:443: ",
      "--registry",
    ]) {
      expect(errors).toContain(words);
    }
  });

  test.each([
    ["new Response('', { status: 403, headers: { Server: 'AirTunes/770.8.1' } })", "AirPlay of macOS has that port"],
    ["new Response('<!doctype html>', { headers: { 'Content-Type': 'text/html' } })", "no registry (200 for /v2/)"],
    [
      "new Response('no', { status: 404, headers: { Server: 'SimpleHTTP/0.6' } })",
      'no registry (404 for /v2/, and calls itself "SimpleHTTP/0.6")',
    ],
  ])("nothing in %s on port 5000, named by --registry or not", async (answer, words) => {
    const script = `serve 5000 "${answer}"; $LARDER ls; echo $?; $LARDER ls --registry localhost:5000; echo $?; $LARDER gc --registry localhost:5000; echo $?`;
    const { output, errors } = await run(script);
    expect(output).toBe("1\n1\n1\n");
    expect(errors.split(words)).toHaveLength(4);
  });

  test("another registry on port 5000, with the verbs that any registry can do", async () => {
    const answer = `new Response('{\\"repositories\\":[]}', { headers: { 'Docker-Distribution-Api-Version': 'registry/2.0', 'Content-Type': 'application/json' } })`;
    const { output, errors } = await run(`serve 5000 "${answer}"; $LARDER ls; echo $?; $LARDER gc; echo $?`);
    expect(output).toBe("0\n1\n");
    expect(errors).toContain("gc needs a larder; the registry at localhost:5000 is another one");
  });

  test("nothing that keeps them waiting: a port that takes connections and says nothing", async () => {
    const silent = `"$BUN" -e "require('net').createServer(() => {}).listen(5000, () => console.log('up'))" >"$FOLDER/up" & until [ -s "$FOLDER/up" ]; do sleep 0.05; done;`;
    const { errors } = await run(`${silent} $LARDER ls`);
    expect(errors).toContain("localhost:5000: no answer came in time");
  });
});
