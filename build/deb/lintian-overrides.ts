/** What lintian has against the package, and why it is so. */
export const LINTIAN_OVERRIDES = `# The program is appended to its runtime: strip would cut it off, and leave a plain runtime.
larder: unstripped-binary-or-object [usr/bin/larder]
# The runtime is linked by its makers, with what it needs, without PIE and RELRO.
larder: embedded-library *
larder: hardening-no-pie *
larder: hardening-no-relro *
# Passwords may stand in it; postinst gives it to the group that may read it.
larder: non-standard-file-perm 0640 != 0644 [etc/larder/larder.yaml]
# It is made by larder's authors, and was not uploaded to Debian.
larder: initial-upload-closes-no-bugs *
`;
