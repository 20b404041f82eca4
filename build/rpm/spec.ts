import { dirname } from "node:path";
import { ACCOUNT, CONFIGURATION_FILE, DATA_FOLDER } from "../../src/installation/places.ts";
import { readNpmComponents } from "../contents/npm-components.ts";
import { describeRuntime, describeRuntimeParts } from "../contents/runtime-components.ts";
import { DOCUMENTATION } from "../packages/package-contents.ts";
import type { PackageFile } from "../packages/package-file.ts";
import { rpmVersion } from "../packages/package-versions.ts";
import { MAINTAINER, SUMMARY, TOLD } from "../packages/package-words.ts";
import type { SourceVersion } from "../source-version.ts";

/** What the package's scripts do, by the names that the specification has for them. */
export type RpmScripts = Readonly<Record<"pre" | "post" | "preun" | "postun", string>>;

/** The specification of the package, whose files are laid out below `root` already. `payload`: how they are packed. */
export function rpmSpec(
  source: SourceVersion,
  files: readonly PackageFile[],
  scripts: RpmScripts,
  { root, payload }: { readonly root: string; readonly payload: string },
): string {
  const { version, release } = rpmVersion(source.version);
  return `# The program is appended to its runtime: strip would cut it off, and leave a plain runtime.
%global __strip /bin/true
%global __os_install_post %{nil}
%global debug_package %{nil}
%global _build_id_links none
%global _binary_payload ${payload}
# Two builds are one package.
%global _buildhost larder
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1

Name: larder
Version: ${version}
Release: ${release}
Summary: ${SUMMARY.slice(0, 1).toUpperCase()}${SUMMARY.slice(1)}
License: ${licenceExpression()}
Packager: ${MAINTAINER}
AutoReqProv: no
Requires: libc.so.6(GLIBC_2.17)(64bit)
Requires(pre): /usr/sbin/groupadd, /usr/sbin/useradd
Recommends: ca-certificates

%description
${TOLD.map((paragraph) => paragraph.join("\n")).join("\n\n")}

%install
cp -a ${root}/. %{buildroot}/

${Object.entries(scripts)
  .map(([name, script]) => `%${name}\n${script}`)
  .join("\n")}
%files
%dir %attr(0700,${ACCOUNT},${ACCOUNT}) ${DATA_FOLDER}
${ownFolders(files)
  .map((folder) => `%dir %attr(0755,root,root) ${folder}`)
  .join("\n")}
${files.map(fileLine).join("\n")}

%changelog
* ${changelogDate(source)} ${MAINTAINER} - ${version}-${release}
- Version ${source.version}; ${DOCUMENTATION}/CHANGELOG.md tells what is new.
`;
}

/** `Sat Nov 28 2026` */
function changelogDate({ dateSeconds }: SourceVersion): string {
  const [weekday = "", day, month, year] = new Date(dateSeconds * 1000).toUTCString().split(" ");
  return [weekday.replace(",", ""), month, day, year].join(" ");
}

/** All that hold for the program: larder's own, and those of what is in it. */
function licenceExpression(): string {
  const parts = [...readNpmComponents(), describeRuntime(), ...describeRuntimeParts()];
  const terms = parts.flatMap(({ licence }) => licence.split(" AND "));
  return [...new Set(["Apache-2.0", ...terms.map((term) => (term.includes(" OR ") ? `(${term})` : term))])]
    .sort()
    .join(" AND ");
}

/** Folders that may be there for this package alone, so that they go with it; several packages may own one. */
const OWN_FOLDER = /^\/etc\/larder\b|^\/usr\/share\/(?:doc\/larder|licenses\/larder|fish|zsh)\b/;

function ownFolders(files: readonly PackageFile[]): readonly string[] {
  const above = (path: string): readonly string[] => (path === "/" ? [] : [path, ...above(dirname(path))]);
  const folders = files.flatMap(({ path }) => above(dirname(path)));
  return [...new Set(folders)].filter((folder) => OWN_FOLDER.test(folder)).sort();
}

function fileLine({ path, mode }: PackageFile): string {
  if (path === CONFIGURATION_FILE) return `%config(noreplace) %attr(0640,root,${ACCOUNT}) ${path}`;
  const kind = path.startsWith("/usr/share/licenses/") ? "%license " : path.startsWith(DOCUMENTATION) ? "%doc " : "";
  return `${kind}%attr(${mode.toString(8).padStart(4, "0")},root,root) ${path}`;
}
