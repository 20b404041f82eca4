/**
 * What a writer makes of settings: files, what to restart after them, and what a person should know.
 *
 * Nothing here touches a machine. `render-text`, `render-tar`, `render-script` and `write-files` carry it there.
 */

/** How a file goes together with one that is there already. No kind ever drops what somebody else wrote. */
export type Merge =
  /** The file is larder's alone. One that somebody else wrote is left, with a message. */
  | { readonly kind: "own" }
  /** The same for a drop-in of registries.conf; and no file of others may hold a table that counts more than one of its. */
  | { readonly kind: "registries" }
  /**
   * The content is a block between two marks in a file that others write, too. `conflict` is an extended regular
   * expression that awk and JavaScript read alike; a line outside the block that matches it forbids the block.
   */
  | { readonly kind: "block"; readonly conflict: string | null }
  /**
   * For Docker's daemon.json: a JSON object whose values are arrays of strings. What is missing is added to the file's
   * arrays, unless a flag of dockerd says what a key says.
   */
  | { readonly kind: "daemon" }
  /** The content is the file when there is none; in another, `config_path` is set in the table of its version. */
  | { readonly kind: "containerd" }
  /** For hosts.toml. In one that somebody else wrote, larder's host comes before the others. */
  | { readonly kind: "hosts" }
  /** For registries.yaml of k3s and RKE2: larder's endpoints come before the others, or, with `isAlone`, there are none. */
  | { readonly kind: "rancher"; readonly isAlone: boolean };

/** Is a file of this kind never larder's alone, even where nobody has written one yet? */
export function isShared(merge: Merge): boolean {
  return merge.kind === "block" || merge.kind === "daemon" || merge.kind === "containerd";
}

/**
 * What a service has to do once its file has changed. `reload` is for services that reread the file while running; when
 * settings are taken away again they are restarted all the same.
 */
export type ServiceAction = {
  readonly action: "restart" | "reload";
  /** Names of systemd units, without `.service`. Those that do not run are left alone. */
  readonly services: readonly string[];
};

/** A file of a node's configuration. */
export type NodeFile = {
  /** From the root, or from the folder that the target's `base` names; of letters, digits and `. _ - : [ ] /`. */
  readonly path: string;
  /** Text that ends with a newline. */
  readonly content: string;
  readonly mode: number;
  readonly merge: Merge;
  readonly after: ServiceAction | null;
  /** A certificate for the system's trust store: its place and name depend on the distribution; `path` is Debian's. */
  readonly isTrustAnchor: boolean;
};

/** Something else on the node that decides whether the files may be written. */
export type Condition = {
  /**
   * Files, `*` in their last component; those that the target writes itself are not looked at. Files of variables that a
   * systemd unit among them names (`EnvironmentFile=`) are looked at as well.
   */
  readonly files: readonly string[];
  /** An extended regular expression, matched against each line. */
  readonly pattern: string;
  /** `forbids`: no line may match. `requires`: if one of the files is there, a line of one of them must match. */
  readonly kind: "forbids" | "requires";
  /** What to tell the person when it is not met. Begins in lower case, ends without a full stop. */
  readonly message: string;
};

/** All that makes one runtime of a node use larder. */
export type NodeConfig = {
  readonly files: readonly NodeFile[];
  readonly conditions: readonly Condition[];
  /** Sentences for the person. */
  readonly notes: readonly string[];
};

/** A file that is larder's alone, 0644. */
export function ownFile(path: string, content: string, after: ServiceAction | null = null): NodeFile {
  return { path, content, mode: 0o644, merge: { kind: "own" }, after, isTrustAnchor: false };
}

/** A file that others write, too. */
export function mergedFile(path: string, content: string, merge: Merge, after: ServiceAction | null = null): NodeFile {
  return { path, content, mode: 0o644, merge, after, isTrustAnchor: false };
}

/** The certificate authority in the system's trust store. */
export function trustAnchor(certificates: string, after: ServiceAction | null = null): NodeFile {
  const path = "/usr/local/share/ca-certificates/larder.crt";
  return { path, content: certificates, mode: 0o644, merge: { kind: "own" }, after, isTrustAnchor: true };
}
