import { expect, test } from "bun:test";
import { fail, type Finding, ok } from "./finding.ts";
import { mergeCauses } from "./merge-causes.ts";

const silent = (check: string) => fail(check, `asks ${check}`, "start it", "10.0.0.5:5000");
const messages = (...findings: Finding[]) => mergeCauses(findings).map(({ check, message }) => `${check} ${message}`);

test("a larder that is gone is told of once, with those that ask it", () => {
  const gone = fail("larder", "nobody answers", "start it", "10.0.0.5:5000");
  expect(messages(gone, silent("docker"), silent("docker"))).toEqual([
    "larder nobody answers, where docker asks for images",
  ]);
  expect(messages(gone, silent("docker"), ok("disk", "room"), silent("k3s"))).toEqual([
    "larder nobody answers, where docker and k3s ask for images",
    "disk room",
  ]);
});

test("what several runtimes meet is told of the first, and what has a cause of its own stays", () => {
  expect(messages(silent("docker"), silent("k3s"))).toEqual(["docker asks docker; so does k3s"]);
  const other = fail("k3s", "asks elsewhere", "start it", "10.0.0.6:5000");
  expect(messages(silent("docker"), other)).toEqual(["docker asks docker", "k3s asks elsewhere"]);
});
