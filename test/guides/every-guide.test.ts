/** Every guide is run, and what of it is not run is known here, with its reason. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSteps } from "./guide-steps.ts";

const CHECKOUT = join(import.meta.dir, "..", "..");
const GUIDES = [...new Bun.Glob("docs/guides/*.md").scanSync(CHECKOUT), "docs/container.md"].sort();
const TESTS = [...new Bun.Glob("test/guides/*.test.ts").scanSync(CHECKOUT)];
const RUN_BY_A_TEST = /^describeGuide\(\s*"([^"]+)"/gm;

/** Why blocks are shown and not run, a reason for each block. Whoever adds one writes it down here. */
const NOT_RUN: Readonly<Record<string, readonly string[]>> = {
  "docs/container.md": ["needs-the-internet", "asks-for-a-password", "quadlet-came-with-podman-4-4"],
  "docs/guides/behind-a-proxy.md": ["traefik-is-in-no-debian-package"],
  "docs/guides/k3s.md": ["k3s-is-in-no-debian-package"],
  "docs/guides/kind.md": ["kind-needs-node-images-of-a-gigabyte"],
  "docs/guides/talos.md": ["talosctl-needs-machines"],
  "docs/guides/rkt-and-matchbox.md": ["rkt-is-in-no-package-today"],
};

const textOf = (path: string): string => readFileSync(join(CHECKOUT, path), "utf8");

test("every guide is run by a test", () => {
  const run = TESTS.flatMap((path) => [...textOf(path).matchAll(RUN_BY_A_TEST)].map(([, guide = ""]) => guide));
  expect(GUIDES.filter((guide) => !run.includes(guide))).toEqual([]);
  expect(GUIDES.length).toBeGreaterThan(0);
});

test.each(GUIDES)("%s runs all blocks but those that are known", (guide) => {
  const shown = readSteps(guide, textOf(guide)).flatMap((step) => (step.kind === "shown" ? [step.reason] : []));
  expect(shown).toEqual([...(NOT_RUN[guide] ?? [])]);
});

test("no guide leads to a file that is not there", async () => {
  for (const guide of GUIDES) {
    for (const [, link = ""] of textOf(guide).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      expect([guide, link, await Bun.file(join(CHECKOUT, guide, "..", link)).exists()]).toEqual([guide, link, true]);
    }
  }
});
