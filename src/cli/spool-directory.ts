/** Where large files are kept meanwhile: `/tmp` is often kept in memory. */
export function spoolDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  return environment["TMPDIR"] || "/var/tmp";
}
