/** The variables that larder reads besides those of its settings (`variableOf`), and what they say. */
export const ENVIRONMENT_VARIABLES: readonly (readonly [name: string, meaning: string])[] = [
  ["LARDER_REGISTRY", "the registry that verbs talk to: HOST:PORT or a URL"],
  ["LOCAL_REGISTRY", "the same, where LARDER_REGISTRY says nothing"],
  ["LARDER_CONFIG", "larder.yaml, as --config says it"],
  [
    "REGISTRY_CONFIGURATION_PATH",
    "the configuration of registry:2, for larder registry; its other variables, REGISTRY_ and a key's path, are read, too",
  ],
  ["LARDER_…", "each setting has a variable of its own: larder.yaml(5)"],
  [
    "HTTPS_PROXY, HTTP_PROXY, NO_PROXY",
    "the proxy through which registries are reached, and what is reached without one; in lower case, too",
  ],
  ["DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH", "where Docker's or Podman's own images are"],
  ["DOCKER_CONFIG, REGISTRY_AUTH_FILE", "where credentials for other registries are kept"],
  [
    "HELM_CONFIG_HOME, HELM_REPOSITORY_CONFIG, HELM_REGISTRY_CONFIG",
    "Helm's repositories and credentials, for charts that files name",
  ],
  ["XCLUSTER_OVLPATH", "folders with xcluster's overlays, between colons"],
  [
    "XDG_CONFIG_HOME, XDG_RUNTIME_DIR, RUNTIME_DIRECTORY",
    "where the files above and those of a running larder are looked for",
  ],
  ["TMPDIR", "where large files are put together, in place of /var/tmp"],
  ["NO_COLOR", "when it is not empty: no colours in the log"],
];
