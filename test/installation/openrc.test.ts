/** larder as a service of OpenRC, by its own programs. */
import { describe, expect, test } from "bun:test";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { bringLarder, tryBoot } from "./machine-of-a-suite.ts";
import { OPENRC_NEEDS, type TestMachine } from "./test-machine.ts";

const machine = requirement(...OPENRC_NEEDS).met ? await tryBoot("openrc") : null;

describe.skipIf(machine === null)("a machine with OpenRC", () => {
  const host = machine as TestMachine;
  bringLarder(host);

  const everything = async () =>
    (await host.sh("find /etc /usr/local /var/lib /var/log /root -not -path '/var/lib/larder/*' | sort"))
      .trim()
      .split("\n");
  /** The server's process, not its supervisor's. */
  const pid = async () => (await host.sh("pgrep -u larder -x larder || true")).trim();
  const isServing = async () => (await host.run(["curl", "-fsS", "http://localhost/healthz"])).status === 0;

  test("one line makes larder a service on port 80 under an account of its own", async () => {
    const said = await host.exec(["/root/larder", "install", "--http", ":80"]);
    expect(said).toContain("is installed, and runs");
    expect(said).toContain("rc-service larder status");
    expect(await host.sh("rc-service larder status")).toContain("started");
    expect(await host.sh("rc-update show default")).toContain("larder");
    // Ports below 1024, and nothing else of root's.
    expect(await host.sh(`grep CapEff /proc/${await pid()}/status`)).toBe("CapEff:\t0000000000000400\n");
    expect(await host.sh("stat -c '%U %a' /var/lib/larder /run/larder /var/log/larder/larder.log")).toBe(
      "larder 700\nlarder 755\nlarder 640\n",
    );
    expect(await host.sh("larder ls 2>&1")).toContain("holds no images yet");
    await host.sh("curl -fsS -X POST http://localhost/v2/team/x/blobs/uploads/");
  });

  test("and again, nothing changes", async () => {
    const [before, running] = [await everything(), await pid()];
    await host.exec(["/root/larder", "install", "--http", ":80"]);
    expect([await everything(), await pid()]).toEqual([before, running]);
  });

  test("a reload takes new settings, and refuses wrong ones while the old go on", async () => {
    await host.sh("echo 'maxSize: 5GB' >> /etc/larder/larder.yaml; rc-service larder reload");
    await until("the new settings are taken", async () =>
      (await host.sh("cat /var/log/larder/larder.log")).includes("maxSize"),
    );
    await host.sh("cp -p /etc/larder/larder.yaml /run/good; echo 'tags: nonsense' >> /etc/larder/larder.yaml");
    expect((await host.run(["rc-service", "larder", "reload"])).status).not.toBe(0);
    const restarted = await host.run(["rc-service", "larder", "checkconfig"]);
    expect(restarted.output + restarted.errors).toContain("nonsense");
    await host.sh("cp -p /run/good /etc/larder/larder.yaml");
    expect(await isServing()).toBe(true);
  });

  test("a process that ends is started anew", async () => {
    const before = await pid();
    await host.sh(`kill -KILL ${before}`);
    await until("another process serves", async () => (await isServing()) && (await pid()) !== before);
  });

  test("an upgrade that does not come up goes back to what ran", async () => {
    await host.sh("head -c 100000 /root/larder > /root/broken; chmod 755 /root/broken");
    const { status, errors } = await host.run(["/root/larder", "install", "--program", "/root/broken"], 120_000);
    expect([status, errors.includes("larder did not start")]).toEqual([1, true]);
    await until("the old one serves", isServing);
    expect(await host.sh("cmp /root/larder /usr/local/bin/larder; ls /usr/local/bin")).toBe("larder\n");
    await host.sh("rm /root/broken");
  });

  test("it goes without a trace, settings and images only when that is asked for", async () => {
    await host.exec(["larder", "install", "--undo"]);
    expect(await pid()).toBe("");
    await host.sh("test -e /etc/larder/larder.yaml; test -e /var/lib/larder/larder.db; test ! -e /etc/init.d/larder");
    await host.exec(["/root/larder", "install", "--undo", "--purge", "--yes"]);
    expect((await everything()).filter((path) => path.includes("larder"))).toEqual(["/root/larder"]);
    expect((await host.run(["id", "larder"])).status).toBe(1);
  });
});
