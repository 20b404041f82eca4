import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasOpenssl, makeCertificate } from "../upstream/transport/certificate.fixture.ts";
import { judgeConfiguration } from "./judge-configuration.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-judge-"));
  file = join(folder, "larder.yaml");
});
afterEach(() => rm(folder, { recursive: true }));

/** What is wrong with a file of that text, without the file's path. */
async function judge(text: string | Uint8Array, isForHere = true): Promise<readonly string[]> {
  await writeFile(file, text);
  return (await judgeConfiguration(file, isForHere)).map((problem) =>
    problem.replaceAll(file, "FILE").replaceAll(folder, "DIR"),
  );
}

test("every mistake is told, in the order of the lines", async () => {
  const text = [
    `http: ["192.0.2.77:80", ":81", ":81"]`,
    "htps: ':443'",
    `tls: { cert: ${folder}/none.crt, key: ${folder}/none.key, mode: auto }`,
    "gc: { graze: 1h, every: soon }",
    "upstreams:",
    `  quay.io: { passwordFile: ${folder}/none, password: x, ca: ${folder} }`,
    "  bad host: {}",
    "  docker.io: { tags: 5m }",
    "  registry-1.docker.io: { tags: 5m }",
    `credentials: ${folder}/none.json`,
    "aciFiles: /etc/passwd",
    `aciKey: ${folder}/none.asc`,
    "data: /etc/passwd",
    "log-level: debug",
  ];
  const problems = await judge(text.join("\n"));
  const expected = [
    "FILE:1: http: :81 is listened on for http already",
    "FILE:1: http: 192.0.2.77:80 is no address of this machine",
    'FILE:2: "htps" is not a key of the configuration; did you mean https?',
    "FILE:3: tls.mode is for larder's own authority, and contradicts tls.cert",
    "FILE:3: tls.cert: cannot read DIR/none.crt",
    'FILE:4: "gc.graze" is not a key of the configuration; did you mean gc.grace?',
    'FILE:4: gc.every: "soon" is not a duration of 1s to 24d',
    "FILE:6: upstreams.quay.io has both password and passwordFile; keep one",
    "FILE:6: upstreams.quay.io.passwordFile: cannot read DIR/none",
    "FILE:6: upstreams.quay.io.ca: cannot read DIR: it is a folder",
    "FILE:7: upstreams.bad host is not the name of a registry's host",
    "FILE:9: upstreams.registry-1.docker.io is docker.io, which is there already (line 8)",
    "FILE:10: credentials: cannot read DIR/none.json",
    "FILE:11: aciFiles: ",
    "FILE:12: aciKey: cannot read DIR/none.asc",
    "FILE:13: data: /etc/passwd is no folder",
    'FILE:14: "log-level" is not a key of the configuration; did you mean log?',
  ];
  expect(problems).toHaveLength(expected.length);
  for (const [index, beginning] of expected.entries()) expect(problems[index]).toStartWith(beginning);
});

test("what a file names is not looked at when it is another machine's", async () => {
  expect(await judge(`http: "192.0.2.77:80"\ncredentials: ${folder}/none\n`, false)).toEqual([]);
});

test("what is good here is good", async () => {
  await writeFile(join(folder, "ca.pem"), "");
  await writeFile(join(folder, "config.json"), "{}");
  await mkdir(join(folder, "acis"));
  const text = `
http: [":80", "127.0.0.7:5000", "[::1]:0", "localhost:1", "*:2", "0.0.0.0:3"]
data: ${folder}/not/yet
aciFiles: ${folder}/acis
credentials: ${folder}/config.json
upstreams: { quay.io: { ca: ${folder}/ca.pem } }
`;
  expect(await judge(text)).toEqual([]);
});

describe("whatever is in the file, there is an answer", () => {
  const letters = "abcdefghij".split("");
  const bomb = letters.map((name, index) => {
    const items = Array.from({ length: 9 }, () => (index === 0 ? "x" : `*${letters[index - 1]}`));
    return `${name}: &${name} [${items.join(",")}]`;
  });
  test.each<[string, string | Uint8Array, string | null]>([
    ["nothing", "", null],
    ["a byte-order mark", "\uFEFFopen: true\n", null],
    ["CRLF", "open: true\r\ngc:\r\n  grace: 1h\r\n", null],
    ["an alias", "http: &a ':80'\nhttps: *a\n", "https: :80 is listened on for http already"],
    ["a list", "- http\n- https\n", "FILE:1: the file must be a list of keys and values"],
    ["a word", "larder\n", "FILE:1: the file must be a list of keys and values"],
    ["tabs", "gc:\n\tgrace: 1h\n", "FILE:2: Tabs are not allowed"],
    ["a key twice", "open: true\nopen: false\n", "FILE:2: open stands here twice"],
    ["an inner key twice", "gc: { grace: 1h,\n  grace: 2h }\n", "FILE:2: grace stands here twice"],
    ["several documents", "open: true\n---\nopen: false\n", "FILE:2: the file holds several documents"],
    ["aliases that multiply", `${bomb.join("\n")}\n`, "FILE:1: the file cannot be read: Excessive alias count"],
    ["an alias in itself", "names: &a [*a]\n", "FILE:1: names: must be text"],
    ["a merge", "gc: { <<: { grace: 1h } }\n", 'FILE:1: "gc.<<" is not a key'],
    ["odd keys", "80: 1\nnull: 2\n? [a]\n: 3\n__proto__: { open: true }\n", 'FILE:1: "80" is not a key'],
    ["lists in lists", `http: ${"[".repeat(20_000)}\n`, "FILE:1: "],
    ["10 MB", "names: [a]\n#".padEnd(10_000_000, "x"), "cannot read FILE: it is longer than 1 MiB"],
    ["more than people write", "#".padEnd(300_000, "x"), "FILE:1: the file is longer than 256 KiB"],
    ["UTF-16", Buffer.from("open: true\n", "utf16le"), "FILE:1: the file is not text in UTF-8"],
    ["Latin-1", Buffer.from("names: [Käse]\n", "latin1"), "FILE:1: the file is not text in UTF-8"],
    ["bytes", Bun.gzipSync("open: true"), "FILE:1: the file is not text in UTF-8"],
  ])("%s", async (_, text, beginning) => {
    const problems = await judge(text).catch((error: unknown) => [(error as Error).message.replaceAll(file, "FILE")]);
    if (beginning === null) expect(problems).toEqual([]);
    else expect(problems.join("\n")).toContain(beginning);
  });

  test("thousands of mistakes are told of by the first hundred", async () => {
    const problems = await judge(Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join("\n"));
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toContain("and 19900 more");
  });
});

describe("whatever the file is, there is an answer", () => {
  test.each<[string, () => Promise<unknown>, string]>([
    ["nothing", async () => {}, "there is no such file"],
    ["a folder", () => mkdir(file), "it is a folder"],
    ["a link to itself", () => symlink(file, file), "lead in a circle"],
    ["a pipe that nobody writes to", async () => Bun.spawnSync(["mkfifo", file]), "nobody writes into it"],
  ])("%s", async (_, make, why) => {
    await make();
    await expect(judgeConfiguration(file, true)).rejects.toThrow(`cannot read ${file}: `);
    await expect(judgeConfiguration(file, true)).rejects.toThrow(why);
  });

  test("a pipe with a file in it", async () => {
    Bun.spawnSync(["mkfifo", file]);
    const writer = Bun.spawn(["sh", "-c", `{ printf 'open: '; sleep 0.1; echo maybe; } > "$1"`, "sh", file]);
    // The writer's open waits for a reader, and the reader must see it.
    let problems: readonly string[] | null = null;
    while (problems === null) problems = await judgeConfiguration(file, true).catch(() => null);
    expect(problems).toEqual([`${file}:1: open: must be true or false`]);
    await writer.exited;
  });

  test("pipes that it names", async () => {
    for (const name of ["a", "b"]) Bun.spawnSync(["mkfifo", join(folder, name)]);
    const pipes = `cert: ${folder}/a, key: ${folder}/b`;
    const upstream = `quay.io: { ca: ${folder}/a, passwordFile: ${folder}/b }`;
    const problems = await judge(
      `tls: { ${pipes} }\nupstreams: { ${upstream} }\ncredentials: ${folder}/a\naciKey: ${folder}/b\n`,
    );
    expect(problems).toHaveLength(5);
    for (const problem of problems) expect(problem).toContain("cannot read DIR/");
  });
});

test("the examples of the guides are good", async () => {
  const guides = join(import.meta.dir, "..", "..", "docs");
  let examples = 0;
  for (const name of (await readdir(guides)).filter((name) => name.endsWith(".md"))) {
    const text = await readFile(join(guides, name), "utf8");
    for (const [, example = ""] of text.matchAll(/```yaml\n(# larder\.yaml\n[\s\S]*?)```/g)) {
      expect({ name, problems: await judge(example, false) }).toEqual({ name, problems: [] });
      examples += 1;
    }
  }
  expect(examples).toBeGreaterThanOrEqual(2);
});

test("what does not go together in the TLS of a registry is told with its line", async () => {
  const text = [
    "upstreams:",
    "  quay.io: { clientCert: /c.pem }",
    "  gcr.io: { clientKey: /c.key }",
    "  ghcr.io: { skipVerify: true, ca: /ca.pem }",
  ];
  expect(await judge(text.join("\n"), false)).toEqual([
    "FILE:2: upstreams.quay.io has clientCert without clientKey; they belong together, give both",
    "FILE:3: upstreams.gcr.io has clientKey without clientCert; they belong together, give both",
    "FILE:4: upstreams.ghcr.io has both ca and skipVerify: with an authority there is something to verify; keep one",
  ]);
});

test.skipIf(!hasOpenssl)("a client certificate's files are looked at", async () => {
  const [one, other] = await Promise.all([makeCertificate("DNS:one"), makeCertificate("DNS:other")]);
  await writeFile(join(folder, "c.pem"), one.cert);
  await writeFile(join(folder, "c.key"), other.key);
  const text = `upstreams: { quay.io: { clientCert: ${folder}/c.pem, clientKey: ${folder}/c.key } }`;
  expect((await judge(text)).join()).toContain("the key in DIR/c.key is not that of the certificate in DIR/c.pem");
  await writeFile(join(folder, "c.key"), one.key);
  expect(await judge(text)).toEqual([]);
});
