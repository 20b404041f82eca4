import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../until.ts";
import { LARDER } from "./run-larder.ts";

test("SIGHUP has larder read its settings, and the closing of its terminal ends it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-terminal-"));
  const [pidFile, drawn] = [join(folder, "pid"), join(folder, "drawn")];
  const serve = `'${LARDER}' serve --http 127.0.0.1:0 --offline --data '${folder}/data'`;
  const line = `echo $$ > '${pidFile}'; exec ${serve}`;
  // script(1) makes the terminal, and takes it away when it is killed.
  const terminal = Bun.spawn(
    ["script", "--quiet", "--flush", "--command", `sh -c "${line.replaceAll("$", "\\$")}"`, drawn],
    {
      env: { PATH: Bun.env["PATH"] ?? "", HOME: "/nonexistent", SHELL: "/bin/sh", TERM: "xterm" },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    },
  );
  const screen = () => readFile(drawn, "utf8").catch(() => "");
  let pid = 0;
  try {
    await until("larder is ready", async () => (await screen()).includes("is ready"));
    pid = Number(await readFile(pidFile, "utf8"));
    process.kill(pid, "SIGHUP");
    await until("the settings were read", async () => (await screen()).includes("settings were read again"));
    terminal.kill("SIGKILL");
    await until("larder has ended", () => !isRunning(pid));
    expect(await screen()).not.toContain("stay as they are");
  } finally {
    terminal.kill("SIGKILL");
    if (pid > 0 && isRunning(pid)) process.kill(pid, "SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
});

/** One that has ended may stay listed until somebody asks how. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
