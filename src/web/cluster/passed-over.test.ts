import { expect, test } from "bun:test";
import { isPassedOver } from "./passed-over.ts";

test("what larder would not look at is not sent, and what it needs is", () => {
  const sent = [
    "values.yaml",
    ".env",
    ".helmignore",
    "templates/_helpers.tpl",
    "charts/redis-1.0.0.tgz",
    ".github/workflows/ci.yml",
    ".gitlab-ci.yml",
    ".devcontainer/devcontainer.json",
    "a.json.bak",
    "images.tar",
  ];
  const left = [".git/config", "web/node_modules/x/images.txt", "docs/logo.PNG", ".DS_Store", "a/.idea/b.xml", "x.mp4"];
  expect(sent.filter(isPassedOver)).toEqual([]);
  expect(left.filter((path) => !isPassedOver(path))).toEqual([]);
});
