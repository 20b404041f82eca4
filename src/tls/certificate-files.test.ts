import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rename, rm, symlink, truncate, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watchCertificateFiles } from "./certificate-files.ts";
import { ManualClock } from "./manual-clock.fixture.ts";

/** The chain and the keys are made by openssl, as an operator's would be. */
const hasOpenssl = Bun.which("openssl") !== null;

let root: string;
/** PEM by file name: `root`, `intermediate`, `leaf`, `other` with `.crt` and `.key`, and variants of them. */
const pem: Record<string, string> = {};

async function openssl(...parameters: readonly string[]): Promise<void> {
  const child = Bun.spawn(["openssl", ...parameters], { cwd: root, stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const problem = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(problem);
}

async function issue(name: string, issuer: string | null, days: number, ...extensions: readonly string[]) {
  const signer = issuer === null ? [] : ["-CA", `${issuer}.crt`, "-CAkey", `${issuer}.key`];
  const added = extensions.flatMap((extension) => ["-addext", extension]);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", `${name}.key`];
  await openssl(
    "req",
    "-x509",
    ...signer,
    ...key,
    "-out",
    `${name}.crt`,
    "-subj",
    `/CN=${name}`,
    "-days",
    `${days}`,
    ...added,
  );
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-files-"));
  if (!hasOpenssl) return;
  const server = ["basicConstraints=critical,CA:FALSE", "subjectAltName=DNS:registry.example.com"];
  await issue("root", null, 30);
  await issue("intermediate", "root", 30);
  await issue("leaf", "intermediate", 20, ...server);
  await issue("other", "intermediate", 25, ...server);
  await issue("nameless", "intermediate", 20, "basicConstraints=critical,CA:FALSE");
  await openssl("pkey", "-in", "leaf.key", "-aes128", "-passout", "pass:x", "-out", "encrypted.key");
  await openssl("ec", "-in", "leaf.key", "-param_out", "-out", "parameters.pem");
  await openssl("ec", "-in", "leaf.key", "-out", "sec1.key");
  await openssl("x509", "-in", "leaf.crt", "-outform", "der", "-out", "leaf.der");
  const names = ["root.crt", "intermediate.crt", "leaf.crt", "leaf.key", "other.crt", "other.key", "nameless.crt"];
  for (const name of [...names, "nameless.key", "encrypted.key", "parameters.pem", "sec1.key", "leaf.der"]) {
    pem[name] = await Bun.file(join(root, name)).text();
  }
});
afterAll(() => rm(root, { recursive: true }));

const text = (...names: readonly string[]) => names.map((name) => pem[name] ?? "").join("");

async function prepare(cert: string, key: string, clock = new ManualClock()) {
  const folder = await mkdtemp(join(root, "files-"));
  const [certPath, keyPath] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  await writeFile(certPath, cert);
  await writeFile(keyPath, key);
  const logged: string[] = [];
  const record = (message: string, fields: unknown) => void logged.push(`${message} ${JSON.stringify(fields ?? "")}`);
  const options = { certPath, keyPath, clock, log: { info: record, warn: record } };
  return { folder, clock, logged, options };
}

const watch = async (cert: string, key: string, clock?: ManualClock) =>
  watchCertificateFiles((await prepare(cert, key, clock)).options);

describe.skipIf(!hasOpenssl)("the first certificate", () => {
  test("is what the files hold: the chain in order, and the key alone, without parameters and comments", async () => {
    const source = await watch(text("leaf.crt", "intermediate.crt"), text("parameters.pem", "sec1.key"));
    const { certPem, keyPem, notAfter } = source.current();
    expect(certPem).toBe(text("leaf.crt", "intermediate.crt"));
    expect(keyPem).toBe(text("sec1.key"));
    expect(Math.round((notAfter.getTime() - Date.now()) / 86_400_000)).toBe(20);
    const tls = { cert: certPem, key: keyPem };
    await Bun.serve({ port: 0, hostname: "127.0.0.1", tls, fetch: () => new Response() }).stop();
  });

  test("is refused with the file's name, the reason and the remedy", async () => {
    const refused = async (cert: string, key: string, message: string, clock?: ManualClock) =>
      expect(watch(cert, key, clock)).rejects.toThrow(message);
    await refused(text("leaf.crt"), text("other.key"), "tls.key does not belong to the certificate of");
    await refused(text("intermediate.crt", "leaf.crt"), text("leaf.key"), "is number 2; it has to be the first");
    await refused(text("leaf.crt", "root.crt", "intermediate.crt"), text("leaf.key"), "number 1 has to be followed by");
    await refused(text("leaf.key"), text("leaf.key"), "tls.crt holds no certificate in PEM");
    await refused(text("leaf.der"), text("leaf.key"), "openssl x509 -inform der");
    await refused(text("leaf.crt"), text("leaf.crt"), "tls.key holds no private key in PEM");
    await refused(text("leaf.crt"), text("encrypted.key"), "tls.key is encrypted with a passphrase");
    await refused(text("leaf.crt").replace("MII", "AAA"), text("leaf.key"), "certificate 1 in");
    await refused(text("leaf.crt"), text("leaf.key").replace(/MI.*/, "AAAA"), "tls.key is damaged");
    await refused("x".repeat(1024 * 1024 + 1), text("leaf.key"), "larger than 1 MiB");
    const later = new ManualClock(Date.now() + 21 * 86_400_000);
    await refused(text("leaf.crt"), text("leaf.key"), "expired on", later);
    const { options } = await prepare("", "");
    await expect(watchCertificateFiles({ ...options, keyPath: "/nowhere/tls.key" })).rejects.toThrow(
      "/nowhere/tls.key",
    );
  });

  test("is used with a warning when some clients will not like it", async () => {
    const { options, logged } = await prepare(text("nameless.crt"), text("nameless.key"));
    await watchCertificateFiles(options);
    expect(logged.join()).toContain("no subject alternative names");
  });

  test("the key's text never stands in a message", async () => {
    const key = text("leaf.key").replace(/^(MI.{20})./m, "$1#");
    const error = await watch(text("leaf.crt"), key).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Error);
    expect(Bun.inspect(error)).not.toContain(key.split("\n")[1] ?? "");
  });
});

describe.skipIf(!hasOpenssl)("changed files", () => {
  test("are in use after the next look, when replaced by renames as certbot does it", async () => {
    const { options, folder, clock, logged } = await prepare(text("leaf.crt"), text("leaf.key"));
    const source = await watchCertificateFiles(options);
    const changes: string[] = [];
    source.onChange(({ certPem }) => changes.push(certPem));
    for (const [from, to] of [
      ["other.crt", "tls.crt"],
      ["other.key", "tls.key"],
    ] as const) {
      await writeFile(join(folder, "new"), text(from));
      await rename(join(folder, "new"), join(folder, to));
    }
    await clock.advance(5000, () => changes.length > 0);
    expect(changes).toEqual([text("other.crt")]);
    expect(source.current().keyPem).toBe(text("other.key"));
    expect(logged.join()).toContain("changed and are in use");
  });

  test("are in use when the link of the whole folder is switched, as Kubernetes does it with secrets", async () => {
    const { folder, options } = await prepare("", "");
    for (const [version, name] of [
      ["..1", "leaf"],
      ["..2", "other"],
    ] as const) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, "tls.crt"), text(`${name}.crt`));
      await writeFile(join(folder, version, "tls.key"), text(`${name}.key`));
    }
    await symlink("..1", join(folder, "..data"));
    for (const name of ["tls.crt", "tls.key"]) {
      await unlink(join(folder, name));
      await symlink(join("..data", name), join(folder, name));
    }
    const source = await watchCertificateFiles(options);
    await symlink("..2", join(folder, "..new"));
    await rename(join(folder, "..new"), join(folder, "..data"));
    await options.clock.advance(5000, () => source.current().certPem === text("other.crt"));
    expect(source.current()).toMatchObject({ certPem: text("other.crt"), keyPem: text("other.key") });
  });

  test("that do not fit each other yet are waited for in silence; that stay broken are logged once", async () => {
    const { options, clock, logged } = await prepare(text("leaf.crt"), text("leaf.key"));
    const source = await watchCertificateFiles(options);
    /** Looks again until so much is logged, and twice more, to see whether that was all. */
    const lookUntilLogged = async (count: number) => {
      for (let tries = 0, more = 2; tries < 100 && more > 0; tries++) {
        await clock.advance(5000);
        await Bun.sleep(25);
        if (logged.length >= count) more--;
      }
      expect(logged).toHaveLength(count);
    };
    await writeFile(options.certPath, text("other.crt"));
    await clock.advance(5000);
    await Bun.sleep(50);
    expect(logged).toEqual([]);
    await lookUntilLogged(1);
    expect(logged[0]).toContain("tls.key does not belong");
    expect(source.current().certPem).toBe(text("leaf.crt"));
    await truncate(options.certPath, 100);
    await lookUntilLogged(2);
    expect(logged[1]).toContain("tls.crt holds no certificate");
    await unlink(options.certPath);
    await lookUntilLogged(3);
    expect(logged[2]).toContain("cannot read");
    await writeFile(options.certPath, text("other.crt"));
    await writeFile(options.keyPath, text("other.key"));
    await clock.advance(5000, () => logged.length > 3);
    expect(source.current().certPem).toBe(text("other.crt"));
    source.stop();
  });
});
