import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatLocation } from "../images/location.ts";
import { CommandFailure } from "../lib/command/command-io.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { type BareName, explaining, readDestination, readSource } from "./read-location.ts";

const before = process.cwd();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-read-location-"));
  const files = [
    "app.tar",
    "app.tgz",
    "nginx:1.27.tar",
    "noending",
    "My File.tar.zst",
    "oci.tar",
    "layout/oci-layout",
    "layout/index.json",
    "bare/index.json",
    "skopeo/version",
    "skopeo/manifest.json",
    "unpacked/manifest.json",
    "UPPER",
  ];
  for (const file of files) {
    const path = join(folder, file);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, "");
  }
  await mkdir(join(folder, "empty"));
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(before);
  await rm(folder, { recursive: true });
});

const kindOf = async (text: string, bareName: BareName = "registry") => {
  const { location } = await readSource(text, bareName);
  return `${location.kind} ${formatLocation(location)}`;
};

describe("a source", () => {
  const cases: readonly [string, string][] = [
    ["app.tar", "archive app.tar"],
    ["./app.tar", "archive ./app.tar"],
    ["app.tgz", "archive app.tgz"],
    ["app.tar:team/app:1", "archive app.tar:team/app:1"],
    ["app.tar:@0", "archive app.tar:@0"],
    ["nginx:1.27.tar", "archive nginx:1.27.tar"],
    ["./nginx:1.27.tar:nginx:1.27", "archive ./nginx:1.27.tar:nginx:1.27"],
    ["My File.tar.zst", "archive My File.tar.zst"],
    ["./noending", "archive ./noending"],
    ["noending", "registry docker://docker.io/library/noending:latest"],
    ["layout", "registry docker://docker.io/library/layout:latest"],
    // What no image can be called is a file, whatever it ends in.
    ["UPPER", "archive UPPER"],
    ["./layout", "oci-layout oci:./layout"],
    ["layout/", "oci-layout oci:layout/"],
    ["./layout:v1", "oci-layout oci:./layout:v1"],
    ["./bare", "oci-layout oci:./bare"],
    ["./skopeo", "directory dir:./skopeo"],
    ["-", "archive -"],
    ["nginx", "registry docker://docker.io/library/nginx:latest"],
    ["quay.io/team/other.tar", "registry docker://quay.io/team/other.tar:latest"],
    ["docker://app.tar", "registry docker://docker.io/library/app.tar:latest"],
    ["docker-daemon:app.tar", "daemon docker-daemon:app.tar:latest"],
    ["oci:layout", "oci-layout oci:layout"],
  ];
  test.each(cases)("%s is %s", async (text, meaning) => expect(await kindOf(text)).toBe(meaning));

  test("in a folder of its own is found from elsewhere, too", async () => {
    expect(await kindOf(join(folder, "app.tar"))).toBe(`archive ${folder}/app.tar`);
    expect(await kindOf(join(folder, "layout"))).toBe(`oci-layout oci:${folder}/layout`);
  });

  test("that has a bare name is an engine's where that is meant", async () => {
    expect(await kindOf("noending", "daemon")).toBe("daemon docker-daemon:noending:latest");
    expect(await kindOf("app.tar", "daemon")).toBe("archive app.tar");
  });

  const wrong: readonly [string, RegExp][] = [
    ["./nothing.tar", /^\.\/nothing\.tar: there is no such file or folder/],
    ["/no/where", /no such file or folder/],
    ["", /not valid/],
    ["NOSUCH", /; nor is there a file of that name/],
    ["./empty", /^\.\/empty holds no image: an OCI layout has the files/],
    ["./unpacked", /unpacked Docker archive; pack it again: tar -C \.\/unpacked -cf FILE\.tar \./],
    ["./app.tar:", /must follow the last colon/],
    ["nosuch:///x", /transport "nosuch" is not known/],
  ];
  test.each(wrong)("%p is refused", async (text, message) => {
    const failure = await readSource(text, "registry").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CommandFailure);
    expect((failure as Error).message).toMatch(message);
  });

  const hints: readonly [string, RegExp][] = [
    ["noending", /"noending" was taken for an image's name; write \.\/noending for the file/],
    ["layout", /taken for an image's name; write \.\/layout for the folder/],
    ["nosuch.tar", /"nosuch\.tar" was taken for an image's name, since there is no such file/],
    ["app.tar", /^app\.tar was taken for the file$/],
  ];
  test.each(hints)("%s: a failure says how it was taken", async (text, hint) => {
    const reading = await readSource(text, "daemon");
    const failing = explaining(reading, () => Promise.reject(new RegistryError("MANIFEST_UNKNOWN", "none")));
    expect(reading.hint).toMatch(hint);
    const failure = await failing.catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "MANIFEST_UNKNOWN", message: `none (${reading.hint})` });
  });

  test("that can mean one thing alone has no hint", async () => {
    for (const text of ["nginx:1", "./app.tar", "oci:layout", "docker://noending"])
      expect((await readSource(text, "registry")).hint).toBeNull();
  });
});

describe("a destination", () => {
  test.each([
    ["./layout", "oci:./layout"],
    ["./layout:v2", "oci:./layout:v2"],
    ["./skopeo", "dir:./skopeo"],
    ["nginx:1", "docker://docker.io/library/nginx:1"],
    ["layout", "docker://docker.io/library/layout:latest"],
    ["docker://app.tar", "docker://docker.io/library/app.tar:latest"],
    ["oci-archive:./x.tar", "oci-archive:./x.tar"],
  ])("%s is %s", async (text, meaning) => expect(formatLocation(await readDestination(text))).toBe(meaning));

  test.each(["./new.tar", "new.tar", "app.tar", "new.tar:x", "./new", "/tmp/new/"])(
    "%s does not say what to write",
    async (text) => {
      const failure = await readDestination(text).catch((error: unknown) => error);
      expect(failure).toMatchObject({ exitStatus: 2, message: expect.stringContaining("docker-archive:") });
    },
  );
});
