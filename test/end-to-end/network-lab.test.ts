import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { requirement } from "../requirement.ts";
import type { LabHost } from "./lab-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";

describe.skipIf(!requirement(...LAB_NEEDS).met)("the network lab", () => {
  let lab: NetworkLab;
  let registry: LabHost;
  let node: LabHost;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    registry = await lab.addHost("registry");
    node = await lab.addHost("node");
  });
  afterAll(() => lab.close());

  test("hosts reach each other over IPv4 and IPv6, and nothing else", async () => {
    const script = `const server = Bun.serve({ port: 80, hostname: "::", fetch: (request, server) => new Response(server.requestIP(request).address) }); console.log("up")`;
    const server = registry.start([process.execPath, "--eval", script]);
    await server.printed(/up/, 5_000);
    const fetched = (url: string) =>
      node.exec([process.execPath, "--eval", `console.log(await (await fetch("${url}")).text())`], {
        timeoutMs: 5_000,
      });
    expect(await fetched(`http://${registry.ipv4}/`)).toContain(node.ipv4);
    expect(await fetched(`http://[${registry.ipv6}]/`)).toContain(node.ipv6);
    await node.setHostsFile({ "docker.io": [registry.ipv6] });
    expect(await fetched("http://docker.io/")).toContain(node.ipv6);
    expect((await node.run(["ip", "route", "get", "198.51.100.1"])).errors).toContain("unreachable");
    expect(await server.stop()).toBe(143);
  });

  test("a host has files and processes of its own", async () => {
    await node.exec(["sh", "-c", "echo 203.0.113.9 elsewhere > /etc/hosts; echo x > /run/mark; mkdir /run/netns"]);
    expect(readFileSync("/etc/hosts", "utf8")).not.toContain("elsewhere");
    expect(existsSync("/run/mark")).toBe(false);
    expect(await node.exec(["cat", "/etc/hostname", "/run/mark"]).catch(String)).toContain("x");
    expect((await node.exec(["hostname"])).trim()).toBe("node");
    const processes = (await node.exec(["sh", "-c", "ls -d /proc/[0-9]*"])).trim().split("\n");
    expect(processes.length).toBeLessThan(6);
    await expect(node.writeFile("/usr/x", "")).rejects.toThrow("belongs to the machine");
  });

  test("a command that takes too long is ended together with what it started", async () => {
    const result = await node.run(["sh", "-c", "sleep 1234; echo"], { timeoutMs: 1_000 });
    expect(result.status).toBe(137);
  });

  test("closing ends every process of every host and removes the files", async () => {
    const other = await NetworkLab.create();
    const host = await other.addHost("host");
    const daemon = host.start(["sh", "-c", "setsid sleep 4321 & echo started; wait"]);
    await daemon.printed(/started/, 5_000);
    await other.close();
    expect(existsSync(other.folder)).toBe(false);
    expect(existsSync(`/proc/${host.keeperPid}`)).toBe(false);
    expect(readFileSync("/proc/mounts", "utf8")).not.toContain(join(other.folder, "host"));
    const left = Bun.spawnSync(["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'sleep 432[1]'"]);
    expect(left.stdout.toString().trim()).toBe("0");
  });
});
