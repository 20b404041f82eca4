/**
 * The files as the loaders read them of systems that cannot run here, from their Go modules. These are downloaded and
 * compiled, which takes minutes the first time, so only with LARDER_GO_CHECKS=1.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { contentOf, run } from "./programs.fixture.ts";
import { secureSpoofing, testSettings } from "../settings.fixture.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-go-"));
});
afterAll(() => rm(folder, { recursive: true }));

const GO = process.env["LARDER_GO_CHECKS"] === "1" && Bun.which("go") !== null;

if (!GO) unmet("it downloads Go modules; LARDER_GO_CHECKS=1 runs it");
describe.skipIf(!GO)("by Go modules (LARDER_GO_CHECKS=1)", () => {
  async function build(name: string): Promise<string> {
    const program = join(folder, name);
    const { exitCode, stderr } = Bun.spawnSync(["go", "build", "-mod=mod", "-o", program, "."], {
      cwd: join(folder, `${name}-source`),
      env: { ...process.env, GOFLAGS: "-buildvcs=false" },
    });
    if (exitCode !== 0) throw new Error(stderr.toString());
    return program;
  }

  async function source(name: string, module: string, text: string): Promise<void> {
    const path = join(folder, `${name}-source/main.go`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    await writeFile(
      join(dirname(path), "go.mod"),
      `module check\ngo 1.25\n${module === "" ? "" : `require ${module}\n`}`,
    );
  }

  const everyMode = [testSettings("http"), testSettings("https"), testSettings("spoof"), secureSpoofing()];

  test("Butane takes the files without a remark, and makes of them what the target ignition writes", async () => {
    await source("butane", "github.com/coreos/butane v0.29.0", BUTANE);
    const butane = await build("butane");
    for (const settings of everyMode) {
      for (const suffix of ["", "-fcos"]) {
        const made = run([butane], contentOf(`butane${suffix}`, settings, "larder.bu"));
        expect(unpacked(made)).toEqual(unpacked(contentOf(`ignition${suffix}`, settings, "larder.ign")));
      }
    }
  }, 600_000);

  test("matchbox's template becomes the drop-in that the metadata ask for", async () => {
    await source("template", "", TEMPLATE);
    const [template, butane] = [await build("template"), await build("butane")];
    for (const settings of [testSettings("http"), testSettings("https")]) {
      const { metadata } = JSON.parse(contentOf("matchbox", settings, "groups/larder.json")) as { metadata: object };
      const rendered = run(
        [template, JSON.stringify(metadata)],
        contentOf("matchbox", settings, "ignition/larder.yaml"),
      );
      expect(unpacked(run([butane], rendered))).toEqual(unpacked(contentOf("ignition", settings, "larder.ign")));
    }
  }, 600_000);

  test("Talos loads the documents and the older machine configuration", async () => {
    await source("talos", "github.com/siderolabs/talos/pkg/machinery v1.12.0", TALOS);
    const talos = await build("talos");
    for (const settings of everyMode) {
      const names = [
        ...settings.standIns,
        ...(settings.mode === "spoof" ? [] : [settings.mode === "http" ? "10.0.0.5:5000" : "larder.lan"]),
      ];
      for (const [target, path] of [
        ["talos", "larder-talos.yaml"],
        ["talos-machine", "larder-talos-machine.yaml"],
      ] as const) {
        expect(
          run([talos], contentOf(target, settings, path))
            .trim()
            .split("\n")
            .sort(),
        ).toEqual(names.sort());
      }
    }
  }, 600_000);
});

/** Ignition with the contents of its files in the open: how they are packed is each writer's own affair. */
function unpacked(ignition: string): unknown {
  return JSON.parse(ignition, (key, value: unknown) => {
    if (key !== "contents" || typeof value !== "object" || value === null) return value;
    const { source, compression } = value as { source: string; compression?: string };
    const comma = source.indexOf(",");
    const [head, body] = [source.slice(0, comma), source.slice(comma + 1)];
    const bytes = head.endsWith("base64") ? Buffer.from(body, "base64") : Buffer.from(decodeURIComponent(body));
    return Buffer.from(compression === "gzip" ? Bun.gunzipSync(bytes) : bytes).toString("utf8");
  });
}

const BUTANE = `package main

import (
	"fmt"
	"io"
	"os"

	"github.com/coreos/butane/config"
	"github.com/coreos/butane/config/common"
)

func main() {
	in, _ := io.ReadAll(os.Stdin)
	out, report, err := config.TranslateBytes(in, common.TranslateBytesOptions{})
	if err != nil || len(report.Entries) > 0 {
		fmt.Fprintln(os.Stderr, report.String(), err)
		os.Exit(1)
	}
	os.Stdout.Write(out)
}
`;

const TALOS = `package main

import (
	"fmt"
	"io"
	"os"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
)

func main() {
	in, _ := io.ReadAll(os.Stdin)
	config, err := configloader.NewFromBytes(in)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for name := range config.RegistryMirrorConfigs() {
		fmt.Println(name)
	}
}
`;
import { unmet } from "../../../test/requirement.ts";

const TEMPLATE = `package main

import (
	"encoding/json"
	"io"
	"os"
	"text/template"
)

func main() {
	metadata := map[string]any{}
	in, _ := io.ReadAll(os.Stdin)
	parsed := template.Must(template.New("ignition").Option("missingkey=error").Parse(string(in)))
	if err := json.Unmarshal([]byte(os.Args[1]), &metadata); err != nil {
		panic(err)
	}
	if err := parsed.Execute(os.Stdout, metadata); err != nil {
		panic(err)
	}
}
`;
