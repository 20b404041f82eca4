import { nearestWord } from "../../lib/text/nearest-word.ts";

/** What other programs call it: the words, and what does that here. */
const MEANINGS: readonly (readonly [words: readonly string[], here: string])[] = [
  [["pull", "fetch", "get", "download", "prefetch", "warm"], "larder cache IMAGE"],
  [["push", "put", "publish", "add"], "larder upload SOURCE"],
  [["load"], "larder upload ARCHIVE, or larder copy SOURCE DEST"],
  [["import"], "larder upload ARCHIVE; larder import-registry FOLDER takes over the folder of a registry:2"],
  [["adopt", "migrate", "takeover"], "larder import-registry FOLDER"],
  [["save", "archive"], "larder copy IMAGE oci-archive:FILE"],
  [["export"], "larder copy IMAGE oci-archive:FILE; larder export-registry FOLDER writes what registry:2 serves"],
  [["delete", "remove", "del", "rmi", "untag", "purge"], "larder rm IMAGE"],
  [["list", "dir", "repos", "repositories", "catalog", "tags", "tag"], "larder ls"],
  [["search", "find", "grep"], "larder ls TEXT"],
  [["exists", "check", "contains", "isloaded"], "larder has IMAGE"],
  [["show", "describe", "manifest", "digest", "info", "cat"], "larder inspect IMAGE"],
  [["sync", "prepare", "bring"], "larder preload PATH"],
  [["kubernetes", "k8s", "kubeadm"], "larder mirror kubernetes VERSION"],
  [["start", "run", "up", "server", "daemon"], "larder serve"],
  [["stop", "down", "restart"], "end the process of larder serve (Ctrl-C, or systemctl stop larder)"],
  [["prune", "clean", "cleanup", "garbage-collect"], "larder gc"],
  [["fsck", "scrub"], "larder verify"],
  [["repair", "recover"], "larder rebuild"],
  [["online", "disconnect"], "larder offline on|off"],
  [["status", "metrics", "usage", "df", "top"], "larder stats"],
  [["health", "ping", "debug", "diagnose", "why"], "larder doctor"],
  [["join", "node", "nodes", "containerd", "docker", "podman", "crio", "k3s"], "larder client TARGET"],
  [["setup", "service", "upgrade", "update", "systemd", "openrc"], "larder install"],
  [["uninstall"], "larder install --undo"],
  [["notify", "webhook", "webhooks", "events", "hooks"], "larder notifications ls"],
  [["manual", "docs"], "larder man VERB"],
  [["cert", "certificate", "tls", "authority", "trust"], "larder ca"],
  [["settings", "validate", "lint"], "larder config"],
  [["auth", "credentials", "signin"], "larder login HOST"],
  [["signout"], "larder logout HOST"],
  [["convert", "rkt", "acbuild"], "larder aci convert SOURCE"],
  [["skopeo", "crane", "move", "mv", "cp"], "larder copy SOURCE DEST"],
  [["complete", "completions", "autocomplete"], "larder completion SHELL"],
];

/** What somebody may have meant who wrote this for a verb: a command of larder's; null when nothing is near. */
export function suggestVerb(word: string, verbs: readonly string[]): string | null {
  const plain = word.toLowerCase().replace(/^lreg_/, "");
  const meant = MEANINGS.find(([words]) => words.includes(plain))?.[1];
  if (meant !== undefined) return meant;
  const near = nearestWord(plain, verbs);
  if (near !== null) return `larder ${near}`;
  const nearMeaning = nearestWord(
    plain,
    MEANINGS.flatMap(([words]) => words),
  );
  return MEANINGS.find(([words]) => nearMeaning !== null && words.includes(nearMeaning))?.[1] ?? null;
}
