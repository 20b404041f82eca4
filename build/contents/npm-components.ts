import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { object, optional, parse, string, union, unknown } from "valibot";
import { type LockedPackage, readProductionPackages } from "../lock-file.ts";
import { CHECKOUT } from "../source-version.ts";
import type { Component } from "./component.ts";

/** The packages of npm that larder runs with, the runtime's own not among them, by name. */
export function readNpmComponents(): readonly Component[] {
  return readProductionPackages()
    .filter(({ name }) => name !== "bun")
    .map(describePackage);
}

/** A package of package-lock.json with what its folder tells. */
export function describePackage(locked: LockedPackage): Component {
  const folder = join(CHECKOUT, locked.path);
  const notices = existsSync(folder) ? readNotices(folder) : [];
  const { author, homepage, repository } = readManifest(folder);
  return {
    name: locked.name,
    version: locked.version,
    licence: locked.licence,
    copyright: copyrightOf(notices) ?? nameOf(author),
    home: homepage ?? addressOf(repository),
    npm: {
      purl: `pkg:npm/${locked.name.replace("@", "%40")}@${locked.version}`,
      sha512: Buffer.from(locked.integrity.replace("sha512-", ""), "base64").toString("hex"),
    },
    notices,
  };
}

const MANIFEST = object({
  author: optional(union([string(), object({ name: string() })])),
  homepage: optional(string()),
  repository: optional(union([string(), object({ url: string() })])),
  license: optional(unknown()),
});

function readManifest(folder: string) {
  const path = join(folder, "package.json");
  return existsSync(path) ? parse(MANIFEST, JSON.parse(readFileSync(path, "utf8"))) : {};
}

const NOTICE = /^(?:licen[cs]e|copying|copyright|notice)/i;

function readNotices(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => NOTICE.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8").replace(/\r/g, "").trim());
}

function copyrightOf(notices: readonly string[]): string | null {
  const lines = notices.flatMap((text) => text.split("\n")).map((line) => line.replace(/^[\s#*]+/, "").trim());
  // The appendix of the Apache licence has a line to be filled in.
  const told = lines.filter((line) => /^(?:copyright|\(c\)|©)\s*(?:\(c\)|©|\d)/i.test(line) && !/\[|\{/.test(line));
  return told.length === 0 ? null : [...new Set(told)].join("\n");
}

function nameOf(author: string | { readonly name: string } | undefined): string | null {
  const name = (typeof author === "object" ? author.name : author)?.replace(/\s*[<(].*$/, "");
  return name === undefined ? null : `Copyright (c) ${name}`;
}

function addressOf(repository: string | { readonly url: string } | undefined): string | null {
  const url = typeof repository === "object" ? repository.url : repository;
  return url?.replace(/^git\+/, "").replace(/\.git$/, "") ?? null;
}
