import type { Command } from "commander";
import type { CommandIo } from "../../lib/command/command-io.ts";
import { findGuidedVerb } from "../help/verb-guide.ts";

/** Has a function called at each SIGHUP. */
type OnHangup = (callback: () => void) => void;

/** A verb, loaded only when it is called: `has` and `inspect` must not pay for the server. */
export type Verb = {
  readonly name: string;
  /** The names that people knew before larder. */
  readonly aliases?: readonly string[];
  /** For programs: people need not see it. */
  readonly isHidden?: true;
  readonly load: (io: CommandIo, onHangup: OnHangup) => Promise<Command>;
};

/** Every verb. */
export const VERBS: readonly Verb[] = [
  { name: "serve", load: async (io, onHangup) => (await import("./serve.ts")).serveCommand(io, onHangup) },
  { name: "install", load: async (io) => (await import("./install.ts")).installCommand(io) },
  { name: "registry", load: async (io, onHangup) => (await import("./registry.ts")).registryCommand(io, onHangup) },
  { name: "ls", aliases: ["lreg_ls"], load: async (io) => (await import("./ls.ts")).lsCommand(io) },
  {
    name: "cache",
    aliases: ["lreg_cache"],
    load: async (io) => (await import("./cache.ts")).cacheCommand(io),
  },
  {
    name: "upload",
    aliases: ["lreg_upload"],
    load: async (io) => (await import("./upload.ts")).uploadCommand(io),
  },
  {
    name: "inspect",
    aliases: ["lreg_inspect"],
    load: async (io) => (await import("./inspect.ts")).inspectCommand(io),
  },
  { name: "rm", aliases: ["lreg_rm"], load: async (io) => (await import("./rm.ts")).rmCommand(io) },
  { name: "has", aliases: ["lreg_isloaded"], load: async (io) => (await import("./has.ts")).hasCommand(io) },
  {
    name: "images",
    aliases: ["getimages"],
    load: async (io) => (await import("./images.ts")).imagesCommand(io),
  },
  {
    name: "missing",
    aliases: ["lreg_missingimages"],
    load: async (io) => (await import("./missing.ts")).missingCommand(io),
  },
  {
    name: "preload",
    aliases: ["lreg_preload"],
    load: async (io) => (await import("./preload.ts")).preloadCommand(io),
  },
  { name: "mirror", load: async (io) => (await import("./mirror.ts")).mirrorCommand(io) },
  { name: "record", load: async (io) => (await import("./record.ts")).recordCommand(io) },
  { name: "copy", load: async (io) => (await import("./copy.ts")).copyCommand(io) },
  { name: "client", load: async (io) => (await import("./client.ts")).clientCommand(io) },
  { name: "doctor", load: async (io) => (await import("./doctor.ts")).doctorCommand(io) },
  { name: "ca", load: async (io) => (await import("./ca.ts")).caCommand(io) },
  { name: "aci", load: async (io) => (await import("./aci.ts")).aciCommand(io) },
  { name: "config", load: async (io) => (await import("./config.ts")).configCommand(io) },
  { name: "user", load: async (io) => (await import("./user.ts")).userCommand(io) },
  { name: "token", load: async (io) => (await import("./token.ts")).tokenCommand(io) },
  { name: "session", load: async (io) => (await import("./session.ts")).sessionCommand(io) },
  { name: "nodes", load: async (io) => (await import("./nodes.ts")).nodesCommand(io) },
  { name: "audit", load: async (io) => (await import("./audit.ts")).auditCommand(io) },
  {
    name: "notifications",
    load: async (io) => (await import("./notifications.ts")).notificationsCommand(io),
  },
  { name: "stats", load: async (io) => (await import("./stats.ts")).statsCommand(io) },
  { name: "offline", load: async (io) => (await import("./offline.ts")).offlineCommand(io) },
  {
    name: "verify-signature",
    load: async (io) => (await import("./verify-signature.ts")).verifySignatureCommand(io),
  },
  { name: "du", load: async (io) => (await import("./du.ts")).duCommand(io) },
  { name: "pin", load: async (io) => (await import("./pin.ts")).pinCommand(io) },
  { name: "rules", load: async (io) => (await import("./rules.ts")).rulesCommand(io) },
  { name: "unpin", load: async (io) => (await import("./unpin.ts")).unpinCommand(io) },
  { name: "gc", load: async (io) => (await import("./gc.ts")).gcCommand(io) },
  { name: "retention", load: async (io) => (await import("./retention.ts")).retentionCommand(io) },
  { name: "verify", load: async (io) => (await import("./verify.ts")).verifyCommand(io) },
  { name: "backup", load: async (io) => (await import("./backup.ts")).backupCommand(io) },
  { name: "restore", load: async (io) => (await import("./restore.ts")).restoreCommand(io) },
  {
    name: "import-registry",
    load: async (io) => (await import("./import-registry.ts")).importRegistryCommand(io),
  },
  {
    name: "export-registry",
    load: async (io) => (await import("./export-registry.ts")).exportRegistryCommand(io),
  },
  {
    name: "copy-database",
    isHidden: true,
    load: async (io) => (await import("./copy-database.ts")).copyDatabaseCommand(io),
  },
  {
    name: "discovery-work",
    isHidden: true,
    load: async (io) => (await import("./discovery-work.ts")).discoveryWorkCommand(io),
  },
  { name: "rebuild", load: async (io) => (await import("./rebuild.ts")).rebuildCommand(io) },
  { name: "login", load: async (io) => (await import("./login.ts")).loginCommand(io) },
  { name: "logout", load: async (io) => (await import("./login.ts")).logoutCommand(io) },
  {
    name: "completion-words",
    isHidden: true,
    load: async (io) => (await import("./completion-words.ts")).completionWordsCommand(io),
  },
  { name: "version", load: async (io) => (await import("./version.ts")).versionCommand(io) },
  { name: "man", load: async (io) => (await import("./man.ts")).manCommand(io, () => loadShownVerbs(io)) },
  {
    name: "completion",
    load: async (io) => (await import("./completion.ts")).completionCommand(io, () => loadShownVerbs(io)),
  },
];

/** Those that people see, in help, completion and the reference. */
export const SHOWN_VERBS: readonly Verb[] = VERBS.filter(({ isHidden }) => isHidden !== true);

/** The command of a verb, with its aliases and the line that help has for it. */
export async function loadVerb(
  { name, aliases = [], load }: Verb,
  io: CommandIo,
  onHangup: OnHangup,
): Promise<Command> {
  const command = await load(io, onHangup);
  for (const alias of aliases) if (!command.aliases().includes(alias)) command.alias(alias);
  return command.summary(findGuidedVerb(name)?.summary ?? "");
}

/** All verbs that people see, to be described, in the table's order. */
export async function loadShownVerbs(io: CommandIo): Promise<readonly Command[]> {
  return await Promise.all(SHOWN_VERBS.map((verb) => loadVerb(verb, io, () => {})));
}
