import { type DistributionKey, honoured, itself, type KeyValue, refused, setting } from "./key.ts";

const LEVELS = { words: ["", "error", "warn", "info", "debug"] };
const PUSHES_ARE_JUDGED_BY_RULES = "larder does not look at what an image is when it is pushed";

/** Nothing and less is 1000. */
function pageSize(count: KeyValue): number {
  return Number(count) > 0 ? Number(count) : 1000;
}

/** Logs, what is told to others, and what is left. */
export const OTHER_KEYS: readonly DistributionKey[] = [
  honoured("version", "text", "`0.1`, as there"),
  honoured("log.level", LEVELS, "`log`"),
  honoured("loglevel", LEVELS, "`log`; the old name"),
  honoured("log.formatter", { words: ["", "text", "json", "logstash"] }, "`logFormat`; logstash is refused, take json"),
  honoured("log.fields.*", "text", "`logFields`"),
  refused("log.hooks", "anything", "larder sends no mail; let what reads the log do that"),
  setting("log.accesslog.disabled", "switch", "accessLog", (isDisabled) => isDisabled !== true),
  itself("log.reportcaller", "switch", "lines say what happened, not where in the source", { only: 3 }),
  itself("health.storagedriver", "anything", "`/readyz` tries out the data folder"),
  ...(
    [
      ["health.file", "FILECHECKERS"],
      ["health.http", "HTTPCHECKERS"],
      ["health.tcp", "TCPCHECKERS"],
    ] as const
  ).map(([key, variable]) =>
    refused(key, "anything", "larder goes by nothing but its own health; let what watches larder watch that, too", {
      variable,
    }),
  ),
  honoured(
    "proxy.remoteurl",
    "text",
    "`upstreams`, `unqualified`, `tags: always` and `readOnly`: every name is looked for there, pushes are refused",
  ),
  honoured("proxy.username", "text", "`upstreams.HOST.username`"),
  honoured("proxy.password", "text", "`upstreams.HOST.password`"),
  honoured(
    "proxy.ttl",
    "duration",
    "`untagged.cached`; what has a tag goes when room is needed (`keepFree`, `maxSize`)",
    {
      only: 3,
    },
  ),
  refused(
    "proxy.exec",
    "anything",
    "larder runs no program for credentials; give proxy.username and proxy.password, or credentials in larder.yaml",
    {
      only: 3,
    },
  ),
  itself("proxy.cachewritetimeout", "duration", "a download goes on as long as it brings anything", { only: 3 }),
  honoured("notifications.endpoints", "document", "`notifications.endpoints`"),
  honoured("notifications.events", "group", "with `notifications.includeReferences`", { variable: "EVENTCONFIG" }),
  setting("notifications.events.includereferences", "switch", "notifications.includeReferences"),
  refused("middleware", "anything", "larder has no middleware of registry:2's: blobs are sent by larder itself"),
  refused("policy.repository.classes", "texts", PUSHES_ARE_JUDGED_BY_RULES),
  itself("validation.disabled", "switch", "manifests with URLs of foreign layers are taken"),
  itself("validation.enabled", "switch", "that all is there that a manifest names is always looked at"),
  refused("validation.manifests.urls.allow", "texts", PUSHES_ARE_JUDGED_BY_RULES, {
    asks: (list) =>
      Array.isArray(list) &&
      !list.some((one: string) => /^\^?(?:https?:\/\/|\(\?:.*\)|)\.[*+]\$?$/.test(one)) &&
      list.length > 0,
  }),
  refused("validation.manifests.urls.deny", "texts", PUSHES_ARE_JUDGED_BY_RULES),
  honoured(
    "validation.manifests.indexes.platforms",
    { words: ["", "all", "none", "list"] },
    "`none`: `sparse`; `all`: as larder does in any case; `list` is refused",
    { only: 3 },
  ),
  refused("validation.manifests.indexes.platformlist", "anything", "say platforms: none for images that lack some", {
    only: 3,
  }),
  refused("reporting", "anything", "larder reports to no service; its log and /metrics tell what they would", {
    only: 2,
  }),
  itself("compatibility.schema1.enabled", "switch", "images of schema 1 are taken in any case, and sent as they came", {
    only: 2,
  }),
  itself("compatibility.schema1.signingkeyfile", "text", "larder makes no images of schema 1 out of others", {
    only: 2,
    variable: "TRUSTKEY",
  }),
  setting("catalog.maxentries", "count", "lists.catalog", pageSize),
  setting("tags.maxtags", "count", "lists.tags", pageSize, { only: 3 }),
];
