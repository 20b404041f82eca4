/** What the verbs are for: the groups that help shows them in, a line for each, and examples. No verb is loaded for it. */

/** An example: the command, and what it does. */
export type Example = readonly [command: string, effect: string];

/** A verb in help. `summary` is a line of 60 characters at most. */
export type GuidedVerb = { readonly name: string; readonly summary: string; readonly examples: readonly Example[] };

/** Verbs that belong together. */
export type VerbGroup = { readonly title: string; readonly verbs: readonly GuidedVerb[] };

const verb = (name: string, summary: string, ...examples: readonly Example[]): GuidedVerb => ({
  name,
  summary,
  examples,
});

/** All verbs, in the groups and in the order in which people need them. */
export const VERB_GROUPS: readonly VerbGroup[] = [
  {
    title: "Daily work",
    verbs: [
      verb(
        "ls",
        "list images: names and tags, size, when they came",
        ["larder ls", "all that is here"],
        ["larder ls quay.io/", "what came from quay.io"],
        ["larder ls --sort pulled", "what is used, the latest first"],
        ["larder ls --json nginx | jq -r '.[].image'", "names for a script"],
      ),
      verb(
        "cache",
        "fetch images into the registry",
        ["larder cache nginx:1.27 quay.io/coreos/etcd:v3.5.15", "for this machine's platform"],
        ["larder cache --platform linux/arm64 nginx:1.27", "for arm64 machines"],
      ),
      verb(
        "upload",
        "push images of an engine, an archive or another registry",
        ["larder upload myapp:1", "from Docker or Podman"],
        ["larder upload app.tar", "what 'docker save' wrote"],
        ["larder upload --as quay.io/team/app:1 app.tar", "under a name of its own"],
      ),
      verb(
        "inspect",
        "show an image: digest, platforms, layers, config",
        ["larder inspect nginx:1.27", "what larder has of it"],
        ["larder inspect --raw nginx:1.27 | sha256sum", "the manifest, byte for byte"],
      ),
      verb("has", "are these images here, whole? exit status 0 or 1", [
        "larder has nginx:1.27 || larder cache nginx:1.27",
        "fetch what is not here",
      ]),
      verb(
        "rm",
        "remove images",
        ["larder rm nginx:1.27", "a tag"],
        ["larder rm quay.io/coreos/etcd@sha256:…", "a manifest, and its tags"],
        ["larder rm 'team/*:pr-*'", "what matches, once you have seen it"],
      ),
    ],
  },
  {
    title: "What a cluster needs",
    verbs: [
      verb(
        "images",
        "list the images that manifests, charts and lists name",
        ["larder images deploy/ chart.tgz", "a line for each image"],
        ["helm template . | larder images -", "of what a program prints"],
      ),
      verb("missing", "list those of them that are not here", [
        "larder missing deploy/ && kubectl apply -f deploy/",
        "apply when all is here",
      ]),
      verb(
        "preload",
        "bring those of them that are not here",
        ["larder preload deploy/", "before the cluster asks"],
        ["larder preload --keep-going --force deploy/", "all, though tags may have moved"],
      ),
      verb(
        "mirror",
        "bring what a Kubernetes release needs",
        ["larder mirror kubernetes v1.31.2 --runtime containerd@2.0", "with the sandbox image"],
        ["larder mirror kubernetes 1.31 --with flannel --print", "only list them"],
      ),
      verb(
        "record",
        "record what a cluster pulls, and keep that for good",
        ["larder record start prod --from 10.0.0.0/8", "what these nodes pull"],
        ["larder record stop prod", "what it holds stays"],
        ["larder record show prod --list > prod.txt", "for larder preload elsewhere"],
      ),
    ],
  },
  {
    title: "Between places",
    verbs: [
      verb(
        "copy",
        "copy an image between registries, engines and archives",
        ["larder copy quay.io/coreos/etcd:v3.5.15 oci-archive:etcd.tar", "for a machine without a net"],
        ["larder copy oci-archive:etcd.tar docker://reg.lan/etcd:v3.5.15", "and there"],
      ),
      verb(
        "aci",
        "convert images to ACIs for rkt, sign and list them",
        ["larder aci convert quay.io/coreos/flannel:v0.5.5", "coreos-flannel-v0.5.5.aci"],
        ["larder aci sign *.aci", "a signature beside each"],
      ),
    ],
  },
  {
    title: "Nodes",
    verbs: [
      verb(
        "client",
        "what a node needs to pull from larder, as files or a script",
        ["larder client", "list the runtimes"],
        ["larder client containerd --registry http://10.0.0.5:5000", "print the files"],
        ["larder client containerd --script | ssh root@node sh", "join a node; 'sh -s undo' leaves"],
        ["larder client hosts --mode spoof --address 10.0.0.5 --script", "lead registries' names to larder"],
        ["larder client talos --out patches", "write files into a folder"],
        ["larder client xcluster -", "a tar on standard output"],
      ),
      verb("doctor", "why does this machine not pull from larder?", [
        "larder doctor --registry larder.lan",
        "run it on the node",
      ]),
      verb(
        "ca",
        "print the authority that nodes have to trust",
        ["larder ca > larder.crt", "this machine's larder's"],
        ["larder ca --data /var/lib/larder", "without a server"],
      ),
    ],
  },
  {
    title: "The server",
    verbs: [
      verb(
        "serve",
        "run the registry",
        ["larder serve", "on :5000, data in ./larder-data"],
        ["larder serve --http :80 --https :443 --data /srv/larder", "for other machines' names"],
        ["larder serve --config /etc/larder.yaml", "settings from a file"],
        ["larder serve --offline", "never contact a registry"],
      ),
      verb(
        "install",
        "make larder a service of this machine, or take it away",
        ["sudo ./larder install", "on :5000, images in /var/lib/larder"],
        ["sudo ./larder install --standard-ports", "ports 80, 443 and 53, for spoofed names"],
        ["sudo ./larder install", "a newer larder: upgrades in place"],
        ["sudo larder install --undo", "takes it away; settings and images stay"],
      ),
      verb(
        "registry",
        "run the registry in the place of registry:2",
        ["larder registry", "on :5000, data in /var/lib/registry"],
        ["ln -s larder /usr/local/bin/registry", "a link of that name does the same"],
      ),
      verb(
        "config",
        "show the settings that hold; judge a larder.yaml",
        ["larder config --config larder.yaml", "and where each was said"],
        ["larder config check larder.yaml", "all that is wrong with it"],
      ),
      verb(
        "user",
        "add, change, remove and list people with passwords",
        ["larder user add bob", "asks for the password"],
        ["larder user add ci --password-stdin --allow pull,push:team/** < secret", "of a file, for some names"],
        ["larder user ls", "who there is"],
      ),
      verb(
        "token",
        "make, revoke and list secrets of programs",
        ["larder token create --name ci --allow 'pull:docker.io/**' --expires 30d", "prints it, once"],
        ["larder token rm ci", "it is of no use any more"],
      ),
      verb(
        "rules",
        "test which rule lets somebody do something",
        ["larder rules test bob push team/app", "on the larder that runs"],
        ["larder rules test anonymous pull team/app --config larder.yaml", "before any has read it"],
      ),
      verb(
        "session",
        "who is signed in to the page",
        ["larder session ls", "since when, and from where"],
        ["larder session end S0MX0S1MGDFV5J6V", "sign that browser out"],
      ),
      verb("audit", "who changed what", ["larder audit --since 7d", "in the last week"]),
      verb(
        "notifications",
        "who is told of what happens, and what waits for them",
        ["larder notifications ls", "the endpoints, and why one does not take any"],
        ["larder notifications failed", "what was given up"],
        ["larder notifications retry ci", "it is well again: now"],
      ),
      verb("nodes", "who has pulled lately, and with which program", [
        "larder nodes --sort bytes",
        "the thirstiest first",
      ]),
      verb("stats", "hits, misses, bytes from disk and from upstream", ["larder stats", "what larder saved"]),
      verb("offline", "forbid or allow contact with other registries", ["larder offline on", "while larder runs"]),
      verb(
        "du",
        "what takes the space, and what would go next",
        ["larder du", "as a whole"],
        ["larder du 'quay.io/**'", "image by image"],
        ["larder du --next 10GB", "which cached images would make way"],
      ),
      verb(
        "pin",
        "keep images for good, however full the disk gets",
        ["larder pin quay.io/coreos/etcd:v3.5.15", "a tag"],
        ["larder pin 'registry.k8s.io/**' 'nginx:1.*'", "by patterns"],
        ["larder pin ls", "all pins"],
      ),
      verb("unpin", "let go of what was pinned", ["larder unpin 'registry.k8s.io/**'", ""]),
      verb("gc", "give back the space of what was removed", ["larder gc --grace 0s", "pushes in flight fail"]),
      verb(
        "retention",
        "which pushed tags the rules of the settings remove",
        ["larder retention --all", "and why the others stay"],
        ["larder retention run", "without waiting for the hour"],
      ),
      verb(
        "verify",
        "compare files with their digests, and mend what is damaged",
        ["larder verify", "all; exit status 1: something is damaged"],
        ["larder verify nginx:1.27 'team/**:v1.*'", "these images"],
      ),
      verb(
        "verify-signature",
        "has an image the signatures that are required of it?",
        ["larder verify-signature quay.io/acme/app:1", "by larder's rules"],
        ["larder verify-signature docker://quay.io/acme/app:1 --key acme.pub", "at any registry, by a key"],
      ),
      verb(
        "backup",
        "copy the whole store, while larder runs",
        ["larder backup /mnt/backup", "into a folder; the next run copies what is new"],
        ["larder backup larder.tar", "one file; '-' is standard output"],
        ["larder backup --check /mnt/backup", "is it whole?"],
      ),
      verb("restore", "make a data folder of a backup", [
        "larder restore larder.tar --data /srv/larder",
        "then start larder there",
      ]),
      verb(
        "import-registry",
        "take over the folder of a registry:2 or registry:3",
        ["larder import-registry --dry-run /var/lib/registry", "read and compare everything first"],
        ["larder import-registry /var/lib/registry", "into the larder that runs"],
        ["larder import-registry --data /srv/larder ./data", "without one that runs"],
      ),
      verb(
        "export-registry",
        "write a folder that registry:2 and registry:3 serve",
        ["larder export-registry /srv/registry", "everything"],
        ["larder export-registry /srv/registry 'team/**'", "some of it"],
      ),
      verb("rebuild", "make a damaged or lost database anew", [
        "larder rebuild --dry-run --data /srv/larder",
        "what would come back",
      ]),
      verb("login", "keep credentials for another registry", [
        "larder login -u me --password-stdin quay.io < token",
        "tried before they are kept",
      ]),
      verb("logout", "forget them", ["larder logout quay.io", ""]),
    ],
  },
  {
    title: "This program",
    verbs: [
      verb("version", "which larder this is", ["larder version --json", "for a report"]),
      verb("completion", "completion for bash, zsh or fish", ["source <(larder completion bash)", "in this shell"]),
      verb(
        "man",
        "manual pages, for man",
        ["larder man serve | man -l -", "one of them"],
        ["larder man --out /usr/local/share/man", "all, where man finds them"],
      ),
      verb("help", "explain a verb", ["larder help mirror kubernetes", "the same as --help behind it"]),
    ],
  },
];

/** The verb of that name; null when there is none. */
export function findGuidedVerb(name: string): GuidedVerb | null {
  return VERB_GROUPS.flatMap(({ verbs }) => verbs).find((one) => one.name === name) ?? null;
}

/** The examples of the verb that is called so; of a verb's own verbs each has those that are for it. */
export function examplesOf(path: readonly string[]): readonly Example[] {
  const examples = findGuidedVerb(path[0] ?? "")?.examples ?? [];
  return path.length < 2 ? examples : examples.filter(([command]) => command.includes(path.join(" ")));
}
