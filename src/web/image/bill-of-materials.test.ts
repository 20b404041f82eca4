import { expect, test } from "bun:test";
import fc from "fast-check";
import { readBillOfMaterials, searchPackages } from "./bill-of-materials.ts";
import { configFacts } from "./config-fields.ts";

const ZLIB = { name: "zlib", version: "1.3.1", licence: "Zlib", type: "deb" };

test.each([
  [
    "SPDX-2.3",
    {
      spdxVersion: "SPDX-2.3",
      packages: [
        {
          name: "zlib",
          versionInfo: "1.3.1",
          licenseConcluded: "NOASSERTION",
          licenseDeclared: "Zlib",
          externalRefs: [{ referenceLocator: "cpe:2.3:a:zlib" }, { referenceLocator: "pkg:deb/debian/zlib@1.3.1" }],
        },
      ],
    },
  ],
  [
    "CycloneDX 1.6",
    {
      bomFormat: "CycloneDX",
      specVersion: "1.6",
      components: [{ name: "zlib", version: "1.3.1", purl: "pkg:deb/zlib", licenses: [{ license: { id: "Zlib" } }] }],
    },
  ],
  [
    "Syft",
    {
      descriptor: { name: "syft" },
      artifacts: [{ name: "zlib", version: "1.3.1", type: "deb", licenses: [{ value: "Zlib" }] }],
    },
  ],
])("a bill of materials in %s is a list of packages, attested or not", (format, document) => {
  expect(readBillOfMaterials(document)).toEqual({ format, packages: [ZLIB] });
  const predicateType = "https://spdx.dev/Document";
  expect(readBillOfMaterials({ predicateType, predicate: document })).toEqual({ format, packages: [ZLIB] });
  expect(readBillOfMaterials({ predicateType, predicate: { Data: document } })).toEqual({ format, packages: [ZLIB] });
});

test("SPDX 3 is a graph", () => {
  const graph = [
    { type: "software_Package", name: "zlib", software_packageVersion: "1.3.1", software_packageUrl: "pkg:deb/zlib" },
    { type: "software_File", name: "zlib.h" },
  ];
  expect(readBillOfMaterials({ "@context": "x", "@graph": graph })?.packages).toEqual([{ ...ZLIB, licence: "" }]);
});

test("whatever a stranger wrote is read or is none", () => {
  const odd = fc.record(
    {
      spdxVersion: fc.anything(),
      packages: fc.anything(),
      bomFormat: fc.constant("CycloneDX"),
      components: fc.array(fc.anything()),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.anything(), odd), (document) => {
      for (const { name, version, licence, type } of readBillOfMaterials(document)?.packages ?? []) {
        expect([name, version, licence, type].every((text) => typeof text === "string")).toBe(true);
      }
      expect(configFacts(document).fields.every(({ values }) => values.every((one) => typeof one === "string"))).toBe(
        true,
      );
    }),
  );
});

test("packages are found by any of their texts", () => {
  const packages = [ZLIB, { name: "openssl", version: "3", licence: "Apache-2.0", type: "apk" }];
  for (const [text, count] of [
    ["", 2],
    ["ZLIB", 1],
    ["apache", 1],
    ["3", 2],
    ["nothing", 0],
  ] as const) {
    expect(searchPackages(packages, text)).toHaveLength(count);
  }
});

test("a config is told in words", () => {
  const { fields, environment, labels, createdAtMs } = configFacts({
    os: "linux",
    architecture: "arm",
    variant: "v7",
    created: "2026-01-01T00:00:00Z",
    config: {
      Entrypoint: ["/bin/sh", "-c", "it's"],
      Env: ["A=b=c", "bare"],
      Labels: { x: "y", n: 7 },
      Healthcheck: { Test: ["CMD-SHELL", "true || false"], Interval: 5e9 },
      ExposedPorts: { "80/tcp": {} },
    },
  });
  expect(Object.fromEntries(fields.map(({ name, values }) => [name, values.join()]))).toEqual({
    Platform: "linux/arm/v7",
    Entrypoint: String.raw`/bin/sh -c 'it'\''s'`,
    "Health check": "true || false, interval 5 s",
    Ports: "80/tcp",
  });
  expect(environment).toEqual([
    ["A", "b=c"],
    ["bare", ""],
  ]);
  expect(labels).toEqual([
    ["x", "y"],
    ["n", "7"],
  ]);
  expect(createdAtMs).toBe(Date.UTC(2026, 0, 1));
});
