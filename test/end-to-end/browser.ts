import { type Browser, chromium } from "playwright-core";
import { findProgram } from "../debian-packages.ts";

/** The needs of suites that open pages. */
export const BROWSER_NEEDS = ["chromium"] as const;

const LAUNCH_TIMEOUT_MS = 60_000;

const QUIET = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
  // Its sandbox does not start for root.
  "--no-sandbox",
];

/**
 * Starts Debian's Chromium with a profile of its own. It knows `names`, which lead to the loopback, and nobody else.
 * `port`: the one there that they lead to; the one of the URL unless said.
 */
export function startBrowser(names: readonly string[], port: number | null = null): Promise<Browser> {
  const rules = [
    ...names.map((name) => `MAP ${name} 127.0.0.1${port === null ? "" : `:${port}`}`),
    "MAP * ~NOTFOUND",
    ...["localhost", "127.0.0.1", "::1"].map((own) => `EXCLUDE ${own}`),
  ];
  return chromium.launch({
    executablePath: findProgram("chromium") ?? "chromium",
    args: [...QUIET, `--host-resolver-rules=${rules.join(",")}`],
    timeout: LAUNCH_TIMEOUT_MS,
  });
}
