/** A larder with people: whose passwords are their names backwards, and who may what its rules say. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Image, ManifestContent } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { type Reply, send, type SendOptions } from "../conformance/registry-client.ts";

/** A rule as larder.yaml has it. */
export type RuleText = {
  readonly subject: string;
  readonly allow: readonly string[];
  readonly names: readonly string[];
};

export function passwordOf(name: string): string {
  return name.split("").reverse().join("");
}

export function basicOf(name: string, password = passwordOf(name)): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
}

/** The text of an htpasswd file with these users. */
export async function htpasswdOf(...names: readonly string[]): Promise<string> {
  // As cheap as it goes: tests compare many.
  const hash = (name: string) => Bun.password.hash(passwordOf(name), { algorithm: "bcrypt", cost: 4 });
  const lines = await Promise.all(names.map(async (name) => `${name}:${(await hash(name)).replace("$2b$", "$2y$")}\n`));
  return lines.join("");
}

export class GuardedLarder {
  readonly larder: LarderProcess;
  readonly folder: string;

  private constructor(larder: LarderProcess, folder: string) {
    this.larder = larder;
    this.folder = folder;
  }

  static async start(
    users: readonly string[],
    rules: readonly RuleText[] | null,
    settings: Readonly<Record<string, unknown>> = {},
    more: readonly string[] = [],
  ): Promise<GuardedLarder> {
    const folder = await mkdtemp(join(tmpdir(), "larder-people-"));
    const htpasswd = join(folder, "htpasswd");
    await writeFile(htpasswd, await htpasswdOf(...users));
    const config = join(folder, "larder.yaml");
    await writeFile(config, stringify({ ...settings, auth: { htpasswd, ...(rules === null ? {} : { rules }) } }));
    return new GuardedLarder(await startLarder({ arguments: ["--config", config, ...more] }), folder);
  }

  async stop(): Promise<void> {
    await this.larder.stop();
    await rm(this.folder, { recursive: true });
  }

  /** One request of a user; null: of nobody. */
  as(user: string | null, method: string, path: string, options: SendOptions = {}): Promise<Reply> {
    const authorization = user === null ? {} : { Authorization: basicOf(user) };
    return send(method, this.larder.url + path, { ...options, headers: { ...authorization, ...options.headers } });
  }

  /** Pushes an image as somebody who may. */
  async push(user: string, name: string, image: Image, tag: string): Promise<void> {
    for (const { bytes, digest } of image.blobs) {
      const pushed = await this.as(user, "POST", `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: bytes });
      if (pushed.status !== 201) throw new Error(`${name}: ${pushed.status} ${pushed.text}`);
    }
    const put = await this.put(user, name, image.manifest, tag);
    if (put.status !== 201) throw new Error(`${name}:${tag}: ${put.status} ${put.text}`);
  }

  put(user: string | null, name: string, { bytes, mediaType }: ManifestContent, reference: string): Promise<Reply> {
    const headers = { "Content-Type": mediaType };
    return this.as(user, "PUT", `/v2/${name}/manifests/${reference}`, { headers, body: bytes });
  }
}
