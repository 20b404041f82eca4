import { CONFIGURATION_FILE } from "../../installation/places.ts";
import { INSTALLED_PROGRAM } from "../../installation/plan-install.ts";
import type { ServiceManager } from "../../installation/service-manager.ts";
import type { ListenAddress } from "../../server/settings/listen-address.ts";
import type { Settings } from "../../server/settings/settings.ts";
import { urlsOf } from "../../server/web-listener.ts";
import { VERSION } from "../../telemetry/version.ts";

/**
 * What somebody reads who has installed larder: where it listens, its files, and what to do next. `manager`: null where none is
 * known.
 */
export function reportInstallation(settings: Settings, manager: ServiceManager | null, isStarted: boolean): string {
  const { http, https, data } = settings;
  const of = (scheme: "http" | "https") => (address: ListenAddress) => urlsOf({ scheme, ...address });
  const urls = [...http.flatMap(of("http")), ...https.flatMap(of("https"))];
  const state = isStarted ? "is installed, and runs" : "is installed";
  const [first = "", outside = first] = urls;
  const starting: readonly (readonly [string, string])[] =
    manager === null
      ? [
          [
            `${INSTALLED_PROGRAM} serve --config ${CONFIGURATION_FILE}`,
            "starts it, as the user larder: no service manager is known here",
          ],
        ]
      : manager.control.hints;
  const next = [
    ...starting,
    ...(isStarted ? [[`curl -fsS ${outside}/client/`, "how nodes come to pull from here"] as const] : []),
  ];
  const width = Math.max(...next.map(([command]) => command.length));
  return `larder ${VERSION} ${state}

  listens at   ${urls.join(`\n${" ".repeat(15)}`)}
  settings     ${CONFIGURATION_FILE}
  keeps data   ${data}

Try next:
${next.map(([command, effect]) => `  ${command.padEnd(width)}   # ${effect}\n`).join("")}`;
}
