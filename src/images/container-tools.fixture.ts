import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Debian's podman, buildah and skopeo, with a storage of their own that goes with `close`. */
export class ContainerTools {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<ContainerTools> {
    const folder = await mkdtemp(join(tmpdir(), "larder-tools-"));
    await Bun.write(join(folder, "policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}');
    await mkdir(join(folder, "home"));
    return new ContainerTools(folder);
  }

  /** Podman's arguments before its verb. */
  storage(): readonly string[] {
    return ["--root", this.path("root"), "--runroot", this.path("run"), "--storage-driver", "vfs"];
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  podman(...words: readonly string[]): Promise<string> {
    return this.run("podman", ...this.storage(), "--cgroup-manager", "cgroupfs", ...words);
  }

  buildah(...words: readonly string[]): Promise<string> {
    return this.run("buildah", ...this.storage(), ...words);
  }

  skopeo(...words: readonly string[]): Promise<string> {
    return this.run("skopeo", "--policy", this.path("policy.json"), ...words);
  }

  /** Its standard output. Throws with its standard error when it fails. */
  async run(program: string, ...words: readonly string[]): Promise<string> {
    const child = Bun.spawn([program, ...words], {
      cwd: this.folder,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin`, HOME: this.path("home"), TMPDIR: this.folder },
      timeout: 60_000,
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    if ((await child.exited) !== 0) throw new Error(`${program} ${words.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  /**
   * Builds `name`: a layer for each text, each a file `0.txt`, `1.txt` and so on, on top of `base` if there is one.
   * Hands back the image's ID, which is its config's digest.
   */
  async build(name: string, texts: readonly string[], platform = "linux/amd64"): Promise<string> {
    let base = "scratch";
    for (const [position, text] of texts.entries()) {
      const container = await this.buildah(
        "from",
        "--signature-policy",
        this.path("policy.json"),
        "--platform",
        platform,
        base,
      );
      await Bun.write(this.path("content"), text);
      await this.buildah("copy", "--quiet", container, this.path("content"), `/${position}.txt`);
      await this.buildah("config", "--cmd", `/bin/${text.slice(0, 8)}`, container);
      base = position === texts.length - 1 ? name : `${name}-${position}`;
      await this.buildah("commit", "--signature-policy", this.path("policy.json"), "--quiet", "--rm", container, base);
    }
    return `sha256:${await this.podman("image", "inspect", "--format", "{{.Id}}", name)}`;
  }

  close(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
