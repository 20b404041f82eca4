/** The machine-readable copyright file (Debian's copyright format 1.0). */
export function copyrightFile(): string {
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: larder

Files: *
Copyright: 2026 The larder authors
License: Apache-2.0
 On Debian systems the full text of the Apache License, version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
`;
}
