import { expect, test } from "bun:test";
import { Findings } from "../found/found-image.ts";
import { linesOf, readDocuments } from "../files/yaml-documents.ts";
import { hauler } from "./hauler.ts";

const LIST = `apiVersion: content.hauler.cattle.io/v1
kind: Images
metadata:
  annotations: { hauler.dev/registry: registry.example.com, hauler.dev/platform: linux/amd64 }
spec:
  images:
    - name: quay.io/a/one:1
    - name: busybox
      platform: linux/arm64
    - name: "not valid"
---
apiVersion: content.hauler.cattle.io/v1
kind: Charts
spec:
  charts:
    - { name: web, repoURL: https://charts.example.com, version: 1.2.3 }
`;

test("a Hauler manifest names images with their platforms, and charts that are elsewhere", async () => {
  const findings = new Findings();
  for (const document of readDocuments(LIST, linesOf("h.yaml"), findings)) {
    if (document.type !== "map" || !hauler.recognizes(document, FILE)) continue;
    await hauler.read(document, FILE, findings, new AbortController().signal);
  }
  expect(findings.images.map(({ written, line, platform }) => [written, line, platform])).toEqual([
    ["quay.io/a/one:1", 7, "linux/amd64"],
    ["registry.example.com/busybox", 8, "linux/arm64"],
  ]);
  expect(findings.elsewhere).toMatchObject([
    { line: 16, what: "the chart web 1.2.3 of https://charts.example.com", chart: { name: "web", version: "1.2.3" } },
  ]);
  expect(findings.problems.map(({ line, message }) => `${line} ${message}`)).toEqual([
    '10 the image "not valid" is not a valid reference',
  ]);
});

const FILE = { path: "h.yaml", name: "h.yaml", askedFor: true };
