/** The DNS server on a machine with several interfaces: network namespaces, joined by virtual cables. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../test/until.ts";

const hasPrograms = Bun.which("dig") !== null && Bun.which("ip") !== null && process.getuid?.() === 0;

const id = `larder${process.pid}`;
/** The server's namespace, and that of a client on each of its two interfaces. */
const [MACHINE, LEFT, RIGHT] = [`${id}s`, `${id}l`, `${id}r`];
const CLIENT_ELSEWHERE = "198.51.100.9";

let folder: string;
let server: Bun.Subprocess<"ignore", "pipe", "inherit"> | null = null;

let printed = "";

async function collect(stream: ReadableStream<Uint8Array>) {
  const decoder = new TextDecoder();
  for await (const chunk of stream) printed += decoder.decode(chunk, { stream: true });
}

async function run(...command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const isDig = command.includes("dig");
  if ((await child.exited) !== 0 && !isDig) throw new Error(`${command.join(" ")}: ${err}`);
  return out;
}

const ip = (namespace: string, parameters: string) => run("ip", "-n", namespace, ...parameters.split(" "));
const dig = (namespace: string, parameters: string) =>
  run("ip", "netns", "exec", namespace, "dig", "+tries=1", "+time=1", "+nostats", ...parameters.split(" "));

async function connect(near: string, far: string, cable: string) {
  await ip(near, `link add ${cable} type veth peer name client netns ${far}`);
  for (const [namespace, link] of [
    [near, cable],
    [far, "client"],
    [far, "lo"],
  ] as const) {
    await ip(namespace, `link set ${link} up`);
  }
}

beforeAll(async () => {
  if (!hasPrograms) return;
  folder = await mkdtemp(join(tmpdir(), "larder-interfaces-"));
  for (const namespace of [MACHINE, LEFT, RIGHT]) await run("ip", "netns", "add", namespace);
  await ip(MACHINE, "link set lo up");
  await connect(MACHINE, LEFT, "left");
  await connect(MACHINE, RIGHT, "right");
  await ip(MACHINE, "address add 10.91.1.1/24 dev left");
  await ip(MACHINE, "address add fd91:1::1/64 dev left nodad");
  await ip(MACHINE, "address add 10.91.2.1/24 dev right");
  await ip(MACHINE, "address add 10.91.2.2/24 dev right");
  await ip(LEFT, "address add 10.91.1.9/24 dev client");
  await ip(LEFT, "address add fd91:1::9/64 dev client nodad");
  await ip(LEFT, `address add ${CLIENT_ELSEWHERE}/32 dev client`);
  await ip(LEFT, "route add default via 10.91.1.1");
  await ip(RIGHT, "address add 10.91.2.9/24 dev client");
  await ip(MACHINE, `route add ${CLIENT_ELSEWHERE}/32 via 10.91.1.9`);
  await writeFile(join(folder, "resolv.conf"), "");
  const program = `
    const { startDnsServer } = await import(${JSON.stringify(join(import.meta.dir, "server.ts"))});
    const zone = { names: ["docker.io"], addresses: [] };
    const write = (message, fields) => console.log(message, JSON.stringify(fields));
    await startDnsServer({
      listen: [{ address: null, port: 53 }], zone: () => zone, allow: "local", clock: Date, tally: { count() {} },
      resolvers: () => ({ resolvConf: ${JSON.stringify(join(folder, "resolv.conf"))} }), log: { info: write, warn: write },
    });
    setInterval(() => {}, 1000);`;
  server = Bun.spawn(["ip", "netns", "exec", MACHINE, process.execPath, "-e", program], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  void collect(server.stdout);
  await eventually(LEFT, "@10.91.1.1 +short docker.io", "10.91.1.1\n");
});

afterAll(async () => {
  if (!hasPrograms) return;
  server?.kill();
  await server?.exited;
  for (const namespace of [MACHINE, LEFT, RIGHT]) await run("ip", "netns", "delete", namespace).catch(() => "");
  await rm(folder, { recursive: true });
});

/** Asks until the answer is `expected`. */
async function eventually(namespace: string, parameters: string, expected: string) {
  await until(`${parameters} is answered by ${expected.trim()}`, async () => {
    return (await dig(namespace, parameters)) === expected;
  });
}

describe.skipIf(!hasPrograms)("a machine with several interfaces", () => {
  test("answers with the address that was asked, and sends the answer from it: dig takes it from nowhere else", async () => {
    for (const transport of ["+notcp", "+tcp"]) {
      expect(await dig(LEFT, `@10.91.1.1 ${transport} +short docker.io`)).toBe("10.91.1.1\n");
      expect(await dig(RIGHT, `@10.91.2.1 ${transport} +short docker.io`)).toBe("10.91.2.1\n");
      expect(await dig(RIGHT, `@10.91.2.2 ${transport} +short docker.io`)).toBe("10.91.2.2\n");
      expect(await dig(LEFT, `@fd91:1::1 ${transport} +short docker.io AAAA`)).toBe("fd91:1::1\n");
    }
  });

  test("gives the other family's address on the same interface, or none", async () => {
    expect(await dig(LEFT, "@fd91:1::1 +short docker.io A")).toBe("10.91.1.1\n");
    expect(await dig(LEFT, "@10.91.1.1 +short docker.io AAAA")).toBe("fd91:1::1\n");
    expect(await dig(RIGHT, "@10.91.2.1 docker.io AAAA")).toContain("status: NOERROR");
    expect(await dig(RIGHT, "@10.91.2.1 +short docker.io AAAA")).toBe("");
  });

  test("answers at its link-local address with one that can be reached from a record", async () => {
    const listing = await ip(MACHINE, "-6 -oneline address show dev left scope link");
    const address = /inet6 (fe80:[^/]+)/.exec(listing)?.[1] ?? "";
    await eventually(LEFT, `@${address}%client +short docker.io AAAA`, "fd91:1::1\n");
    expect(await dig(LEFT, `@${address}%client +tcp +short docker.io A`)).toBe("10.91.1.1\n");
  });

  test("refuses clients from elsewhere, and tells them why", async () => {
    const answer = await dig(LEFT, `@10.91.1.1 -b ${CLIENT_ELSEWHERE} docker.io`);
    expect(answer).toContain("status: REFUSED");
    expect(answer).toContain("EDE: 18 (Prohibited)");
    expect(answer).toContain("ANSWER: 0");
  });

  test("follows addresses that come and go, and servers that appear in resolv.conf", async () => {
    expect(await dig(RIGHT, "@10.91.2.1 example.org")).toContain("status: REFUSED");
    await ip(MACHINE, "address add 10.91.2.3/24 dev right");
    await writeFile(join(folder, "resolv.conf"), "nameserver 127.0.0.9\n");
    await eventually(RIGHT, "@10.91.2.3 +short docker.io", "10.91.2.3\n");
    expect(await dig(RIGHT, "@10.91.2.3 example.org")).toContain("status: SERVFAIL");
    await ip(MACHINE, "address delete 10.91.2.3/24 dev right");
    await until("the server has noticed", () => printed.includes('DNS listens no longer {"address":"10.91.2.3:53"}'));
    await ip(MACHINE, "address add 10.91.2.3/24 dev right");
    await eventually(RIGHT, "@10.91.2.3 +short docker.io", "10.91.2.3\n");
    expect(await dig(LEFT, "@10.91.1.1 +short docker.io")).toBe("10.91.1.1\n");
  }, 90_000);
});
