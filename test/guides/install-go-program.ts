import type { LabHost } from "../end-to-end/lab-host.ts";
import { findGoProgram, type GoProgramName, whyUnbuilt } from "../go-programs.ts";

/** Puts a program of today, which Debian does not have, on a host's PATH. It has to be among the guide's needs. */
export async function installGoProgram(host: LabHost, name: GoProgramName): Promise<void> {
  const program = findGoProgram(name);
  if (program === null) throw new Error(whyUnbuilt(name));
  await host.exec(["ln", "-sf", program, `/usr/local/bin/${name.replace(/-[\d.]+$/, "")}`]);
}
