/**
 * Runs a program of the machine, in `folder` where that is said, and hands back its standard output. Throws an Error with its
 * words when it fails or is not there.
 */
export async function runTool(argv: readonly string[], folder?: string): Promise<Uint8Array<ArrayBuffer>> {
  const [program = ""] = argv;
  if (Bun.which(program) === null)
    throw new Error(`${program} is not on this machine: the image is made of Debian's packages, by Debian's programs`);
  const place = folder === undefined ? {} : { cwd: folder };
  const child = Bun.spawn([...argv], { ...place, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [output, errors, status] = await Promise.all([child.stdout.bytes(), child.stderr.text(), child.exited]);
  if (status !== 0) throw new Error(`${program} failed with status ${status}:\n${errors.trim()}`);
  return new Uint8Array(output);
}
