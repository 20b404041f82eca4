import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { buildImage, IMAGE_NEEDS } from "../end-to-end/image-factory.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { manifestOf, push } from "./aci-larder.ts";

const lab = requirement("skopeo", "curl", "actool", ...IMAGE_NEEDS);
const OWN = "larder.test";

/**
 * A client that knows nothing of larder: it asks the hosts that names begin with, as DNS or a hosts file would send
 * it there, and goes where the page says. Source: appc/spec 0.8.11, spec/discovery.md, "Meta Discovery".
 */
class DiscoveringClient {
  readonly #port: string;

  constructor(larder: LarderProcess) {
    this.#port = new URL(larder.url).port;
  }

  curl(url: string, ...more: string[]): Promise<string> {
    // Every name leads to larder, whose port is none that a name could carry.
    return outputOf(["curl", "-fsS", "--noproxy", "*", "--connect-to", `::127.0.0.1:${this.#port}`, ...more, url]);
  }

  /** The URL of the ACI (`ext` is `aci` or `aci.asc`), and that of the keys. */
  async discover(name: string, labels: Record<string, string>, ext: string) {
    const page = await this.curl(`http://${name}?ac-discovery=1`);
    const contents = (meta: string) =>
      [...page.matchAll(new RegExp(`<meta name="${meta}" content="([^"]+)">`, "g"))].map(([, content = ""]) =>
        content.replaceAll("&amp;", "&").split(" "),
      );
    const [prefix = "?", template = ""] =
      contents("ac-discovery").find(([prefix = "?"]) => name.startsWith(prefix)) ?? [];
    expect(name.startsWith(prefix)).toBe(true);
    const values: Record<string, string> = { ...labels, name, ext };
    const url = template.replace(/\{(\w+)\}/g, (_, variable: string) => values[variable] ?? "{unresolved}");
    const [, keys = ""] = contents("ac-discovery-pubkeys").find(([prefix = "?"]) => name.startsWith(prefix)) ?? [];
    return { url, keys };
  }
}

describe.skipIf(!lab.met)("discovery", () => {
  const labels = { version: "v0.5.5", os: "linux", arch: "amd64" };
  let folder: string;
  let larder: LarderProcess;
  let client: DiscoveringClient;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-aci-"));
    larder = await startLarder({ arguments: ["--name", OWN] });
    client = new DiscoveringClient(larder);
    const image = await buildImage(folder, { name: "flannel" });
    for (const name of ["quay.io/coreos/flannel:v0.5.5", "team/my--app:v0.5.5"]) await push(larder, image, name);
  });
  afterAll(async () => {
    await larder?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ["a host that is stood in for", "quay.io/coreos/flannel"],
    ["larder's own name", `${OWN}/quay.io/coreos/flannel`],
    ["larder's own name, of what was pushed there", `${OWN}/team/my-app`],
  ])("by %s leads to an ACI of that name and its key", async (_, name) => {
    const file = join(folder, "found.aci");
    const { url, keys } = await client.discover(name, labels, "aci");
    await client.curl(url, "-o", file);
    await outputOf(["actool", "validate", file]);
    const { name: found, labels: foundLabels } = await manifestOf(file);
    expect([found, foundLabels]).toEqual([name, labels]);
    expect(await client.curl(keys)).toContain("BEGIN PGP PUBLIC KEY BLOCK");
    const signature = await client.discover(name, labels, "aci.asc");
    expect(await client.curl(signature.url)).toContain("BEGIN PGP SIGNATURE");
  });

  test("without a version means latest", async () => {
    const { url } = await client.discover("quay.io/coreos/flannel", { ...labels, version: "latest" }, "aci");
    const answer = await client.curl(url, "--no-fail", "-w", "%{http_code}");
    expect(answer).toContain("quay.io/coreos/flannel:latest");
    expect(answer).toEndWith("404");
  });

  test("is for nobody else's names, and gives none to a page", async () => {
    for (const host of ["nobody.test", "quay.io.nobody.test", '"><script>', "a b", ""]) {
      const answer = await fetch(`${larder.url}/?ac-discovery=1`, { headers: { Host: host } }).catch(() => null);
      expect(answer?.headers.get("content-type") ?? "text/plain").toStartWith("text/plain");
      expect((await answer?.text()) ?? "").not.toContain("<meta");
    }
  });

  test("keeps the scheme that a proxy took from the client, and the port that the client used", async () => {
    const headers = { Host: `${OWN}:8443`, "X-Forwarded-Proto": "https" };
    const page = await (await fetch(`${larder.url}/team?ac-discovery=1`, { headers })).text();
    expect(page).toContain(`content="${OWN} https://${OWN}:8443/aci/`);
  });
});
