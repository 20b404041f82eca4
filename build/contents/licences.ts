import { readFileSync } from "node:fs";
import { join } from "node:path";
import standardLicences from "spdx-license-list/full.js";
import { wrapText } from "../../src/lib/text/fit-text.ts";
import { CHECKOUT } from "../source-version.ts";
import type { Component } from "./component.ts";
import { readNpmComponents } from "./npm-components.ts";
import { describeRuntime, describeRuntimeParts } from "./runtime-components.ts";

/**
 * The notices that go with the file: whose work is in it, under which terms, and the texts. It depends on what is
 * installed alone.
 */
export function composeLicences(): string {
  const packages = readNpmComponents();
  const runtime = [describeRuntime(), ...describeRuntimeParts()];
  const own = readFileSync(join(CHECKOUT, "LICENSE"), "utf8").trim();
  const standard = [...packages, ...runtime].filter(({ notices }) => notices.length === 0).flatMap(identifiersOf);
  return [
    paragraph(
      "larder is licensed under the Apache License 2.0, the first text below. Its one file holds, besides larder, the packages that are named next, and the runtime that they run on.",
    ),
    `Packages:\n\n${packages.map(nameLine).join("\n")}`,
    `The runtime, and what it was linked with:\n\n${runtime.map(nameLine).join("\n")}`,
    paragraph(
      "What is under the LGPL can be replaced: its source is at the addresses above, the runtime can be linked with another version of it, and larder can be built with that runtime.",
    ),
    section("larder", own),
    ...packages
      .filter(({ notices }) => notices.length > 0)
      .map((each) => section(each.name, each.notices.join("\n\n"))),
    ...[...new Set(standard)].sort().map((id) => section(id, standardText(id))),
  ]
    .join("\n\n")
    .concat("\n");
}

function paragraph(text: string): string {
  return wrapText(text, WIDTH);
}

function nameLine({ name, version, licence, copyright, home }: Component): string {
  const told = [`${name} ${version ?? ""}`.trim(), licence, copyright?.split("\n").join(", "), home];
  return `  ${told.filter((word) => word !== undefined && word !== null).join("; ")}`;
}

function section(title: string, text: string): string {
  return `${"=".repeat(WIDTH)}\n${title}\n${"=".repeat(WIDTH)}\n\n${text}`;
}

const WIDTH = 80;

/** The identifiers in a licence expression; an exception's is not one of a licence. */
function identifiersOf({ licence }: Component): readonly string[] {
  return licence.replace(/ WITH \S+/g, "").split(/ (?:AND|OR) /);
}

/** The text of a licence, by its identifier in SPDX's list. Throws an Error when the list has none. */
export function standardText(id: string): string {
  const text = standardLicences[id]?.licenseText;
  if (text === undefined) throw new Error(`SPDX's list has no licence ${id}`);
  const lines = text.replace(/\r/g, "").trim().split("\n");
  return lines.map((line) => wrapText(line, WIDTH)).join("\n");
}
