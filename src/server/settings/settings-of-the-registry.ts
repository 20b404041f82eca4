import { DOCKER_HUB, type Namespace } from "../../oci/repository-name.ts";
import { DEFAULT_STAND_INS } from "../../registry/names/stand-ins.ts";
import { readStandIns } from "./read-stand-ins.ts";
import {
  boolean,
  duration,
  imagePattern,
  ipAddress,
  listOf,
  namespace,
  oneOf,
  ownPattern,
  resolver,
  standIn,
  tagLifetime,
  text,
  upstreamPattern,
  url,
} from "./shapes.ts";
import { row } from "./setting.ts";

const AT_THE_START = "it is opened at the start";

/** Settings of a server: what larder keeps, and which registries it stands in for. */
export const REGISTRY_SETTINGS = {
  data: row({
    flag: "--data <folder>",
    shape: text,
    help: "where images are kept",
    default: "./larder-data",
    restart: AT_THE_START,
  }),
  adopt: row({
    flag: "--adopt",
    shape: boolean,
    help: "take over the images of a registry:2 or registry:3 whose folder is the data folder, once, while larder serves",
    default: false,
    restart: AT_THE_START,
  }),
  standIn: row({
    flag: "--stand-in <host|file>",
    shape: listOf(standIn),
    help: "a registry to stand in for; on the command line also a file with one a line. Replaces the default list",
    default: DEFAULT_STAND_INS,
    readText: readStandIns,
  }),
  unqualified: row({
    shape: listOf(namespace),
    help: "where names without a registry are looked for",
    default: [DOCKER_HUB] as readonly Namespace[],
  }),
  localAnswersForAll: row({
    shape: boolean,
    help: "a push under larder's own address answers for that path of every registry",
    default: true,
  }),
  "upstreams.HOST.endpoint": row({
    flag: "--upstream <host=url>",
    shape: url,
    help: "where a registry answers, when it is not https://HOST",
    write: "HOST=URL, such as registry.example=http://10.0.0.9:5000",
  }),
  "upstreams.HOST.mirrors": row({
    shape: listOf(url),
    help: "asked before the registry itself, in this order",
    default: [],
  }),
  "upstreams.HOST.username": row({ shape: text, help: "who larder is there" }),
  "upstreams.HOST.password": row({ shape: text, help: "and its password", isSecret: true }),
  "upstreams.HOST.passwordFile": row({
    shape: text,
    help: "a file with the password, in place of it; read again with the settings",
  }),
  "upstreams.HOST.ca": row({
    shape: text,
    help: "a PEM file with authorities to trust for it besides the public ones; read again with the settings",
  }),
  "upstreams.HOST.clientCert": row({
    shape: text,
    help: "a PEM file with the certificate that larder shows to it, and to no other host; read again with the settings",
  }),
  "upstreams.HOST.clientKey": row({ shape: text, help: "and its key" }),
  "upstreams.HOST.trace": row({
    shape: boolean,
    help: "tell its host which trace a request belongs to (traceparent), where it is traced; others are never told",
    default: false,
  }),
  "upstreams.HOST.skipVerify": row({
    shape: boolean,
    help: "take any certificate from its host: whoever is on the way can then be the registry, and hand out any image",
    default: false,
  }),
  "upstreams.HOST.allow": row({
    shape: listOf(ownPattern),
    help: "what alone may come from it, as patterns: library/**, grafana/*:11.*. In place of the general allow",
    default: [],
  }),
  "upstreams.HOST.deny": row({
    shape: listOf(ownPattern),
    help: "what may not come from it, nor be served though it came before; wins over allow",
    default: [],
  }),
  "upstreams.HOST.access": row({
    shape: oneOf(["upstream"]),
    help: "upstream: what comes from it is for those alone whom it lets pull it, by their own credentials (docs/private-images.md)",
    defaultWords: "what larder can pull is for all who may pull from larder",
  }),
  "upstreams.HOST.accessOffline": row({
    shape: oneOf(["refuse", "seen"]),
    help: "while it cannot be asked, with access: upstream. seen: who was let in within 30 days goes on; refuse: public images alone",
    default: "refuse",
  }),
  "upstreams.HOST.accessLifetime": row({
    shape: duration,
    help: "how long its word on somebody is taken, with access: upstream",
    default: 300_000,
  }),
  "upstreams.HOST.tags": row({ shape: tagLifetime, help: "as tags, for this registry alone" }),
  allow: row({
    shape: listOf(upstreamPattern),
    help: "what alone may come from upstream registries, as patterns: docker.io/library/**, quay.io/**",
    default: [],
    defaultWords: "everything",
  }),
  deny: row({
    shape: listOf(upstreamPattern),
    help: "what may not come from upstream registries, nor be served though it came before; wins over allow",
    default: [],
  }),
  immutable: row({
    shape: listOf(imagePattern),
    help: "tags that stay as they are once they are here, as patterns: team/**:v*, docker.io/library/*:*-slim",
    default: [],
  }),
  offline: row({
    flag: "--offline",
    shape: boolean,
    help: "never contact an upstream registry (also at run time: larder offline on)",
    default: false,
  }),
  resolvers: row({
    flag: "--resolver <address>",
    shape: listOf(resolver),
    help: "a DNS server for upstream names, past the hosts file of this machine",
    default: [],
  }),
  tags: row({
    flag: "--tags <lifetime>",
    shape: tagLifetime,
    help: "how long a cached tag is taken for current: never, always, or a duration",
    default: 300_000,
  }),
  credentials: row({
    flag: "--credentials <file>",
    shape: text,
    help: "a Docker config.json with credentials for upstreams",
    defaultWords: "Docker's and Podman's",
  }),
  names: row({ flag: "--name <host>", shape: listOf(text), help: "a name of this larder's own", default: [] }),
  addresses: row({
    flag: "--address <ip>",
    shape: listOf(ipAddress),
    help: "what DNS and spoofed nodes are told",
    default: [],
    defaultWords: "the address that they reach larder by",
  }),
  sparse: row({
    flag: "--sparse",
    shape: boolean,
    help: "take manifests whose blobs were not pushed: images that are meant to be sparse",
    default: false,
  }),
} as const;
