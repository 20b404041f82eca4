import { hostname } from "node:os";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { formatHostPort } from "../lib/net/host-port.ts";
import { deliveryTransports } from "../registry/notifications/delivery-transport.ts";
import type { NotificationEndpoint, NotificationSettings } from "../registry/notifications/endpoint.ts";
import { HttpDeliverer } from "../registry/notifications/http-deliverer.ts";
import { noticeOf } from "../registry/notifications/notice.ts";
import { Notifications, type OpenEndpoint } from "../registry/notifications/notifications.ts";
import type { Namespace } from "../oci/repository-name.ts";
import { VERSION } from "../telemetry/version.ts";
import { proxyFromEnvironment } from "../upstream/transport/proxy-settings.ts";
import type { UpstreamEvent } from "../upstream/upstream-event.ts";
import type { Foundation, ServerEnvironment } from "./foundation.ts";
import { ConfigurationError } from "./settings/configuration-error.ts";
import { readSettingFile } from "./settings/read-setting-file.ts";

/** A secret is a line, not a book. */
const LONGEST_SECRET = 4096;

/** Wires what tells other systems what happens. */
export function composeNotifications(environment: ServerEnvironment, foundation: Foundation, instanceId: string) {
  const { log, clock } = environment;
  const { metadata, turns, sockets } = foundation;
  const sender = () => ({ addr: formatHostPort(hostname(), sockets()[0]?.port ?? null), instanceId });
  const { deliveries: store, manifests } = metadata;
  const onChange = () => foundation.changes.moved("notifications");
  const notifications = new Notifications({ store, manifests, sender, turns, log, clock, onChange });
  const transportOf = deliveryTransports(proxyFromEnvironment(environment.variables), clock);
  const open = async (endpoint: NotificationEndpoint): Promise<OpenEndpoint> => {
    const caPem = endpoint.caFile === null ? null : await reading(endpoint, "ca", endpoint.caFile, checkAuthorities);
    const secret =
      endpoint.secretFile === null ? null : await reading(endpoint, "secretFile", endpoint.secretFile, checkSecret);
    const transport = transportOf(endpoint, caPem);
    const deliverer = new HttpDeliverer(endpoint, secret, transport, `larder/${VERSION}`);
    return { endpoint, deliverer, setup: JSON.stringify([endpoint, caPem, secret]) };
  };
  return {
    notifications,
    /** Reads the files that the settings name; what it returns takes them up. Throws ConfigurationError. */
    prepare: async ({ endpoints, includeReferences }: NotificationSettings): Promise<() => void> => {
      const opened = await Promise.allSettled(endpoints.map(open));
      const problems = opened.flatMap((one) => (one.status === "rejected" ? [describeFailure(one.reason)] : []));
      if (problems.length > 0) throw new ConfigurationError(problems);
      const all = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      return () => notifications.replace(all, includeReferences);
    },
    /** Tells of a registry that is away, or back. */
    noteUpstream: (namespace: Namespace, event: UpstreamEvent): void => {
      if (event.kind !== "away" && event.kind !== "back") return;
      const kind = event.kind === "away" ? "upstream-down" : "upstream-up";
      const problem = event.kind === "away" ? event.error.message : null;
      void notifications.tell(noticeOf({ kind, atMs: clock.now(), upstream: namespace, problem }));
    },
  };
}

async function reading(
  { name }: NotificationEndpoint,
  key: string,
  file: string,
  read: (text: string) => string,
): Promise<string> {
  try {
    return read(await readSettingFile(file));
  } catch (cause) {
    throw new Error(`notifications.endpoints: ${name}: ${key}: ${file}: ${describeFailure(cause)}`, { cause });
  }
}

function checkAuthorities(pem: string): string {
  if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
  throw new Error("there is no certificate in it, in PEM");
}

/** Without the line's end, which editors add. */
function checkSecret(text: string): string {
  const secret = text.replace(/\r?\n$/, "");
  if (secret !== "" && secret.length <= LONGEST_SECRET) return secret;
  throw new Error(secret === "" ? "it is empty" : `it has more than ${LONGEST_SECRET} characters`);
}
