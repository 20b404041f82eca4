import { oidcProviders } from "./oidc-shape.ts";
import { requiredSignatures } from "./require-shape.ts";
import { rules } from "./rule-shape.ts";
import { boolean, listOf, network, realm, text } from "./shapes.ts";
import { row } from "./setting.ts";

const LISTENERS = "listeners are opened at the start";
const PERMISSION = "what strangers may do is decided at the start";

/** Settings of a server: who may what, and what is required of images. */
export const ACCESS_SETTINGS = {
  "auth.htpasswd": row({
    shape: text,
    help: "a file with users and their passwords, of htpasswd -B; read again when it changes",
  }),
  "auth.basicRealm": row({
    shape: realm,
    help: "ask for a user and a password with this realm, not for a token: for clients that know no tokens. Docker pulls nothing without a login then",
  }),
  "auth.rules": row({
    shape: rules,
    isFileOnly: true,
    help: "who may do what; with any key of auth, or a user or token, rules count, for this machine, too (docs/access.md)",
    defaultWords: "anonymous may pull, users and certificates may pull and push",
  }),
  open: row({
    flag: "--open",
    shape: boolean,
    help: "let everyone who reaches larder push and delete, not only this machine",
    default: false,
    restart: PERMISSION,
  }),
  "auth.clientCa": row({
    flag: "--client-ca <file>",
    shape: text,
    help: "a PEM file with authorities: over HTTPS, a client's certificate of theirs proves who it is; read again when it changes",
    restart: LISTENERS,
  }),
  "auth.clientCrl": row({
    shape: text,
    help: "a PEM file with their revocation lists, one of each authority; read again when it changes",
    restart: LISTENERS,
  }),
  "auth.clientRequired": row({
    shape: boolean,
    help: "take no HTTPS connection without such a certificate, not even for what anybody may pull",
    default: false,
    restart: LISTENERS,
  }),
  "auth.oidc": row({
    shape: oidcProviders,
    help: "issuers whose tokens prove who asks, without a password: CI jobs, pods (docs/access.md)",
    default: [],
  }),
  require: row({
    shape: requiredSignatures,
    isFileOnly: true,
    help: "images that are served only with a signature, and whose: docs/signatures.md; files are read again with the settings",
    default: [],
  }),
  trustedProxies: row({
    flag: "--trusted-proxy <address|network>",
    shape: listOf(network),
    help: "a proxy in front of larder, such as 127.0.0.2: whom it forwards for counts as who asks",
    default: [],
  }),
  readOnly: row({
    flag: "--read-only",
    shape: boolean,
    help: "take no pushes and no deletions; pulls go on, and what they bring from upstream is kept",
    default: false,
  }),
  delete: row({ shape: boolean, help: "may images be deleted?", default: true, restart: PERMISSION }),
} as const;
