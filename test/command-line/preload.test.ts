/** `larder missing`, `preload` and `mirror`: from what files name to what the larder holds. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { requirement } from "../requirement.ts";
import { TestSite, publish } from "./test-site.ts";
import { runLarder } from "./run-larder.ts";

const lab = requirement("docker-registry");

/** A Deployment that runs these images. */
function manifestOf(...images: string[]): string {
  const containers = images.map((image, index) => ({ name: `c${index}`, image }));
  return JSON.stringify({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "app" },
    spec: { template: { spec: { containers } } },
  });
}

describe.skipIf(!lab.met)("what manifests need", () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await TestSite.open();
  });
  afterAll(() => site.close());

  test("missing prints full names, a line each, without those that are whole and those with the tag local", async () => {
    await publish(site.upstream.url, "library/here", "1");
    await site.run("cache", "here:1");
    const file = await site.write("missing.yaml", manifestOf("here:1", "quay.io/a/b:2", "own:local", "absent"));
    const { status, output } = await site.run("missing", file);
    expect(status).toBe(1);
    expect(output).toBe("docker.io/library/absent:latest\nquay.io/a/b:2\n");
    expect(await site.run("lreg_missingimages", await site.write("here.yaml", manifestOf("here:1")))).toEqual({
      status: 0,
      output: "",
      errors: "",
    });
  });

  test("missing finds images that are there but not whole, and says so", async () => {
    const image = await publish(site.upstream.url, "library/torn", "1");
    await site.run("cache", "torn:1");
    await rm(site.blobFile(image.blobs[1]?.digest ?? ""));
    const { status, output, errors } = await site.run("missing", await site.write("torn.yaml", manifestOf("torn:1")));
    expect({ status, output }).toEqual({ status: 1, output: "docker.io/library/torn:1\n" });
    expect(errors).toContain("is there, but not whole");
  });

  test("missing of files that name nothing, or only local images, is silent on stdout and exits with 0", async () => {
    for (const text of ["kind: ConfigMap\napiVersion: v1\n", manifestOf("own:local")]) {
      const { status, output, errors } = await site.run("missing", await site.write("none.yaml", text));
      expect({ status, output }).toEqual({ status: 0, output: "" });
      expect(errors).not.toBe("");
    }
  });

  test("a broken file is named with its line, the rest counts, and the exit status is 1", async () => {
    await publish(site.upstream.url, "library/beside", "1");
    await site.write("broken/a.yaml", manifestOf("beside:1"));
    await site.write("broken/b.yaml", "kind: Pod\nspec: [\n");
    const { status, errors } = await site.run("preload", `${site.folder}/broken`);
    expect(status).toBe(1);
    expect(errors).toMatch(/b\.yaml:\d+: /);
    expect((await site.run("has", "beside:1")).status).toBe(0);
  });

  test("preload brings what is missing and ends with a table of what became of each", async () => {
    await publish(site.upstream.url, "library/web", "1");
    await publish(site.upstream.url, "library/db", "1");
    await site.run("cache", "db:1");
    const file = await site.write("app.yaml", manifestOf("web:1", "db:1", "own:local"));
    const { status, output } = await site.run("lreg_preload", file);
    expect(status).toBe(0);
    expect(output).toMatch(/docker\.io\/library\/db:1 +already there\n/);
    expect(output).toMatch(/docker\.io\/library\/web:1 +brought +\d+ B\n/);
    expect(output).not.toContain("own");
    expect((await site.run("missing", file)).status).toBe(0);
  });

  test("preload says that an image was brought though all its layers were here", async () => {
    await publish(site.upstream.url, "library/again", "1");
    const file = await site.write("again.yaml", manifestOf("again:1"));
    await site.run("preload", file);
    await site.run("rm", "again:1");
    expect((await site.run("preload", file)).output).toMatch(/again:1 +brought +its layers were here\n/);
  });

  test("preload stops beginning others after a failure, unless it is told to keep going", async () => {
    for (const name of ["p", "q", "r", "s"]) await publish(site.upstream.url, `library/${name}`, "1");
    const names = ["a-absent:1", "p:1", "q:1", "r:1", "s:1"];
    const file = await site.write("some.yaml", manifestOf(...names));
    const stopped = await site.run("preload", "--json", file);
    expect(stopped.status).toBe(1);
    expect(stopped.errors).toContain("--keep-going tries them all");
    const rows = JSON.parse(stopped.output) as { image: string; status: string }[];
    expect(rows[0]).toMatchObject({ image: "docker.io/library/a-absent:1", status: "failed" });
    expect(rows).toHaveLength(names.length);
    const kept = await site.run("preload", "--keep-going", file);
    expect(kept.status).toBe(1);
    expect(kept.output).toMatch(/a-absent:1 +FAILED +\S/);
    expect(kept.errors).toContain("1 of 5 images could not be brought");
    expect((await site.run("has", ...names.slice(1))).status).toBe(0);
  });

  test("preload reports a guess that comes to nothing, and neither stops nor fails for it", async () => {
    await publish(site.upstream.url, "library/sure", "1");
    const container = { name: "c", image: "sure:1", args: ["--image=quay.io/a/guess:1", "--other=quay.io/no/such:2"] };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: { containers: [container] } };
    const file = await site.write("guesses.yaml", JSON.stringify(pod));
    const { status, output, errors } = await site.run("preload", "--json", file);
    expect({ status, errors }).toMatchObject({ status: 0 });
    const rows = JSON.parse(output) as { image: string; status: string; isGuess: boolean }[];
    expect(rows.map(({ image, status: one, isGuess }) => [image, one, isGuess])).toEqual([
      ["docker.io/library/sure:1", "brought", false],
      ["quay.io/a/guess:1", "failed", true],
      ["quay.io/no/such:2", "failed", true],
    ]);
    expect((await site.run("preload", file)).output).toMatch(/quay\.io\/a\/guess:1 +not brought +.*\(it was a guess\)/);
  });

  test("preload --force looks again for tags that have moved", async () => {
    await publish(site.upstream.url, "library/moving", "1");
    const file = await site.write("moving.yaml", manifestOf("moving:1"));
    await site.run("preload", file);
    const moved = await publish(site.upstream.url, "library/moving", "1");
    expect((await site.run("preload", file)).output).toContain("already there");
    expect((await site.run("preload", "--force", file)).output).toContain("brought");
    expect((await site.run("inspect", "moving:1")).output).toContain(moved.manifest.digest);
  });

  test("an xcluster overlay is found by its name along XCLUSTER_OVLPATH", async () => {
    await site.write("ovl/web-test/default/etc/kubernetes/app.yaml", manifestOf("quay.io/x/y:1"));
    const address = site.larder.url;
    const found = await runLarder(address, ["missing", "web-test"], { XCLUSTER_OVLPATH: `${site.folder}/ovl` });
    expect(found).toMatchObject({ status: 1, output: "quay.io/x/y:1\n" });
  });

  test("mirror kubernetes --print lists a release's images, by the seeds' name too, and refuses what is none", async () => {
    for (const words of [["mirror", "kubernetes"], ["mirror-k8s-images"]]) {
      const { status, output } = await site.run(...words, "v1.28.2", "--print", "--with", "flannel");
      expect(status).toBe(0);
      expect(output).toContain("registry.k8s.io/kube-apiserver:v1.28.2\n");
      expect(output).toContain("registry.k8s.io/coredns/coredns:v1.10.1\n");
      expect(output).toMatch(/flannel/);
    }
    expect((await site.run("mirror", "kubernetes", "nonsense", "--print")).status).toBe(2);
    expect((await site.run("mirror", "kubernetes", "v1.28.2", "--print", "--with", "nonsense")).status).toBe(2);
  });

  test("mirror kubernetes brings the sandbox image of a runtime, and says when none was asked for", async () => {
    const mirror = (...flags: string[]) => site.run("mirror", "kubernetes", "v1.31.2", "--print", ...flags);
    const asked = await mirror("--runtime", "containerd@2.4");
    expect([asked.status, asked.errors]).toEqual([0, ""]);
    expect(asked.output).toContain("registry.k8s.io/pause:3.10.2\n");
    const unasked = await mirror();
    expect(unasked.errors).toMatch(/sandbox image .* was not asked for.*--runtime containerd@.*larder doctor/);
    expect(await mirror("--runtime", "none")).toMatchObject({ status: 0, errors: "", output: unasked.output });
    const unknown = await mirror("--runtime", "containerd@9.9");
    expect(unknown).toMatchObject({ status: 2, output: "" });
    expect(unknown.errors).toContain("known are containerd@1.6");
  });

  test("thousands of references are one question", async () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `docker.io/library/many-${index}:1\n`);
    const list = await site.write("many/images.txt", lines.join(""));
    const { status, output } = await site.run("missing", list);
    expect(status).toBe(1);
    expect(output.split("\n").filter((line) => line !== "")).toHaveLength(lines.length);
  });
});
