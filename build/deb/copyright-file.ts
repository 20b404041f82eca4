import { wrapText } from "../../src/lib/text/fit-text.ts";
import type { Component } from "../contents/component.ts";
import { standardText } from "../contents/licences.ts";
import { readNpmComponents } from "../contents/npm-components.ts";
import { describeRuntime, describeRuntimeParts } from "../contents/runtime-components.ts";

/**
 * The machine-readable copyright file (Debian's copyright format 1.0): larder, and what its one file holds besides. Files
 * are those of the sources, a folder each.
 */
export function copyrightFile(): string {
  const parts = [...readNpmComponents(), describeRuntime(), ...describeRuntimeParts()];
  const names = [...new Set(["Apache-2.0", ...parts.flatMap(({ licence }) => termsOf(licence))])].sort();
  return [
    `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: larder
Comment:
${indent(wrapText("The program holds, besides larder, the packages and the libraries that are named here, each under a folder of its name. Those under the LGPL can be replaced: the runtime can be linked with another version of them, and larder be built with that runtime.", WIDTH))}`,
    "Files: *\nCopyright: 2026 The larder authors\nLicense: Apache-2.0",
    ...parts.map(stanza),
    ...names.map((name) => `License: ${name}\n${indent(textOf(name))}`),
  ]
    .join("\n\n")
    .concat("\n");
}

const WIDTH = 76;

function stanza({ name, version, licence, copyright, home }: Component): string {
  const owners = (copyright ?? `The ${name} authors`)
    .split("\n")
    .map((line) => line.replace(/^copyright\s*(?:\(c\)|©)?\s*/i, ""));
  const origin = [home ?? "", version ?? ""].filter((word) => word !== "").join(", ");
  return `Files: embedded/${name}/*
Copyright: ${owners.join("\n           ")}
License: ${termsOf(licence).join(" and ")}${origin === "" ? "" : `\nComment: ${origin}`}`;
}

/** The licences of an SPDX expression, as this format calls them. All hold: where one may choose, all are told. */
function termsOf(licence: string): readonly string[] {
  return licence
    .split(/ (?:AND|OR) /)
    .map((term) => term.replace(/^(.*) WITH (.*)-exception$/, "$1 with $2 exception").replace(/-or-later$/, "+"));
}

/** Those that Debian has on every machine. */
const COMMON: Readonly<Record<string, string>> = { "Apache-2.0": "Apache-2.0", "LGPL-2.1+": "LGPL-2.1" };

function textOf(name: string): string {
  const common = COMMON[name.replace(/ with .*$/, "")];
  if (common === undefined) return standardText(name);
  const exception = name.includes(" with LLVM ")
    ? " With its exception, object code that embeds parts of the compiler's libraries need not follow its sections 4(a), 4(b) and 4(d)."
    : "";
  return wrapText(`On Debian systems the full text is in /usr/share/common-licenses/${common}.${exception}`, WIDTH);
}

/** Lines of a field that go on: each begins with a blank, and an empty one is a full stop. */
function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => (line.trim() === "" ? " ." : ` ${line.trimEnd()}`))
    .join("\n");
}
