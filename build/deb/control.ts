import type { SourceVersion } from "../source-version.ts";
import type { Target } from "../target.ts";
import { MAINTAINER, SUMMARY, TOLD } from "../packages/package-words.ts";
import { debianVersion } from "../packages/package-versions.ts";

/** The control file of the package (deb-control(5)). `installedKib`: what it takes on the disk. */
export function controlFile(target: Target, { version }: SourceVersion, installedKib: number): string {
  return `Package: larder
Version: ${debianVersion(version)}
Architecture: ${target.architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${installedKib}
Depends: libc6 (>= 2.17), adduser
Recommends: ca-certificates
Section: net
Priority: optional
Description: ${SUMMARY}
${TOLD.map((paragraph) => paragraph.map((line) => ` ${line}\n`).join("")).join(" .\n")}`;
}

/** The Debian changelog: one entry, for this version (deb-changelog(5)). */
export function debianChangelog({ version, dateSeconds }: SourceVersion): string {
  const date = new Date(dateSeconds * 1000).toUTCString().replace("GMT", "+0000");
  return `larder (${debianVersion(version)}) unstable; urgency=medium

  * Version ${version}; changelog.gz tells what is new.

 -- ${MAINTAINER}  ${date}
`;
}
