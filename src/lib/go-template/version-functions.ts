/** Versions in Helm's templates. Source: Sprig v3.3.0; Masterminds/semver v3.5.0. */
import { textArgument, toText } from "./cast-value.ts";
import type { TemplateFunction } from "./template-run.ts";
import {
  compareVersions,
  formatVersion,
  parseConstraint,
  parseVersion,
  type SemanticVersion,
} from "./semantic-version.ts";
import { CallFailure, TemplateObject, type TemplateValue } from "./template-value.ts";

/** Functions by name. */
export const VERSION_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  semver: ([text]) => versionObject(textArgument(text)),
  semverCompare: ([constraint, version]) => {
    const meets = parseConstraint(textArgument(constraint));
    if (meets === null) throw new CallFailure(`${JSON.stringify(toText(constraint))} is no constraint on versions`);
    return meets(known(textArgument(version)));
  },
};

function known(text: string): SemanticVersion {
  const version = parseVersion(text);
  if (version === null) throw new CallFailure(`${JSON.stringify(text.slice(0, 100))} is no version`);
  return version;
}

function versionObject(text: string): TemplateObject {
  const version = known(text);
  const [major, minor, patch] = version.numbers;
  const order = (other: TemplateValue | undefined) => compareVersions(version, known(toText(other)));
  const fields: readonly [string, TemplateValue][] = [
    ["Major", BigInt(major)],
    ["Minor", BigInt(minor)],
    ["Patch", BigInt(patch)],
    ["Prerelease", version.prerelease],
    ["Metadata", version.metadata],
    ["Original", text],
    ["String", formatVersion(version)],
    ["Compare", ([other]) => BigInt(Math.sign(order(other)))],
    ["Equal", ([other]) => order(other) === 0],
    ["LessThan", ([other]) => order(other) < 0],
    ["LessThanEqual", ([other]) => order(other) <= 0],
    ["GreaterThan", ([other]) => order(other) > 0],
    ["GreaterThanEqual", ([other]) => order(other) >= 0],
    ["IncMajor", () => versionObject(`${major + 1}.0.0`)],
    ["IncMinor", () => versionObject(`${major}.${minor + 1}.0`)],
    ["IncPatch", () => versionObject(`${major}.${minor}.${version.prerelease === "" ? patch + 1 : patch}`)],
  ];
  return new TemplateObject("*semver.Version", new Map(fields), formatVersion(version));
}
