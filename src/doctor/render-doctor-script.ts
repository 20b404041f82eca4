import containerdFacts from "../clients/script/containerd-facts.awk" with { type: "text" };
import findContainerdPart from "../clients/script/find-containerd.sh" with { type: "text" };
import { shellQuote } from "../clients/quote.ts";
import type { Finding } from "./finding.ts";
import doctorPart from "./script/doctor.sh" with { type: "text" };

/** What a larder knows of itself, for the script that looks at a node. */
export type DoctorServer = {
  /** Its URL, as the node reached it. */
  readonly origin: string;
  readonly standIns: readonly string[];
  readonly nowMs: number;
  readonly findings: readonly Finding[];
};

/**
 * The script that tells why a node does not pull from larder: POSIX shell and awk, with curl or wget, for nodes that have no
 * larder to run. It looks at what runs and what is set up, as `larder doctor` does, and changes nothing.
 */
export function renderDoctorScript({ origin, standIns, nowMs, findings }: DoctorServer): string {
  const said = findings.map(({ check, status, message, advice }) =>
    [status === "fail" ? "FAIL" : status, check, "", message, advice ?? ""].map(plain).join("\t"),
  );
  return [
    `#!/bin/sh
# Why does this machine not pull from larder at ${origin}? Looks, and changes nothing.
set -eu

larder=${shellQuote(origin)}
stand_ins=${shellQuote(standIns.join(" "))}
server_time=${Math.floor(nowMs / 1000)}

server_findings() { printf '%s\\n' ${said.map(shellQuote).join(" ")}; }
`,
    findContainerdPart,
    // Finding containerd lays out the program that merges, too; here nothing is merged.
    `containerd_facts_program() {\n  cat <<'LARDER_END'\n${containerdFacts}LARDER_END\n}\n\nmerge_containerd_program() { :; }\n`,
    doctorPart,
    'main "$@"\n',
  ].join("\n");
}

/** On one line, and in one column. */
function plain(text: string): string {
  return text.replaceAll(/[\t\r\n]+/g, " ");
}
