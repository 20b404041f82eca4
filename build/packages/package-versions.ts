/** The package's own count of what it made of one version of larder. */
const REVISION = 1;

/** `1.0.0~rc.1-1` of `1.0.0-rc.1`: a tilde sorts before the version that it leads to (deb-version(7)). */
export function debianVersion(version: string): string {
  return `${withTilde(version)}-${REVISION}`;
}

/** What an RPM calls a version, and the release of its own: `1.0.0~rc.1` and `1`. */
export function rpmVersion(version: string): { readonly version: string; readonly release: string } {
  return { version: withTilde(version), release: String(REVISION) };
}

function withTilde(version: string): string {
  const [, numbers, word] = /^(\d+\.\d+\.\d+)(?:-([0-9A-Za-z.]+))?$/.exec(version) ?? [];
  if (numbers === undefined) throw new Error(`${version} is no version that packages can have`);
  return word === undefined ? numbers : `${numbers}~${word}`;
}
