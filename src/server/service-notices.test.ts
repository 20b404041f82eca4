import { describe, expect, test } from "bun:test";
import type { NotifySocket } from "../lib/systemd/notify-socket.ts";
import { openServiceNotices, ServiceNotices, withoutManager } from "./service-notices.ts";

function recording(watchdogMs: number | null = null) {
  const sent: string[] = [];
  const socket: NotifySocket = { send: (lines) => sent.push(lines.join("|")) > 0, monotonicMicros: () => 42n };
  return { sent, notices: new ServiceNotices(socket, watchdogMs) };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await Bun.sleep(5);
}

describe("a service manager hears", () => {
  test("of a start that takes its time, of what is served, of settings that are read again, and of the end", () => {
    const { sent, notices } = recording();
    notices.starting();
    notices.reloading();
    notices.ready("serves at http://localhost");
    notices.reloading();
    notices.ready("serves at http://localhost:80");
    notices.stopping();
    expect(sent).toEqual([
      "STATUS=opens the store|EXTEND_TIMEOUT_USEC=60000000",
      "READY=1|STATUS=serves at http://localhost",
      "RELOADING=1|MONOTONIC_USEC=42",
      "READY=1|STATUS=serves at http://localhost:80",
      "STOPPING=1|STATUS=lets open transfers end|EXTEND_TIMEOUT_USEC=60000000",
    ]);
  });

  test("why there is none, in one line that is not too long", () => {
    const { sent, notices } = recording();
    notices.failed(`cannot listen\n${"x".repeat(1000)}`);
    expect(sent[0]).toMatch(/^STATUS=cannot listen x+…$/);
    expect(sent[0]?.length).toBe(307);
  });

  test("that it lives, as long as it does, and no more once it ends", async () => {
    const { sent, notices } = recording(30);
    expect(sent).toEqual([]);
    notices.ready("");
    await until(() => sent.filter((one) => one === "WATCHDOG=1").length > 3);
    notices.stopping();
    const lived = sent.length;
    await Bun.sleep(50);
    expect(sent.slice(lived)).toEqual([]);
  });
});

test("nobody is told anything where no manager asked for it", async () => {
  for (const environment of [{}, { NOTIFY_SOCKET: "" }, { NOTIFY_SOCKET: "relative" }]) {
    expect(await openServiceNotices(environment)).toBeNull();
  }
});

test("what the manager meant for this process is not handed on", () => {
  const given = { NOTIFY_SOCKET: "/run/x", WATCHDOG_USEC: "1", WATCHDOG_PID: "1", LISTEN_FDS: "1", PATH: "/bin" };
  expect(withoutManager(given)).toEqual({ PATH: "/bin" });
});
