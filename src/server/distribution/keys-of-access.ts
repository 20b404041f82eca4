import { type DistributionKey, honoured, refused } from "./key.ts";

/** `auth`: who may pull and push. */
export const ACCESS_KEYS: readonly DistributionKey[] = [
  honoured("auth.htpasswd", "group", "nobody without a password pulls or pushes; users may do both, and delete"),
  honoured("auth.htpasswd.realm", "text", "`auth.basicRealm`"),
  honoured("auth.htpasswd.path", "text", "`auth.htpasswd`"),
  refused(
    "auth.token",
    "anything",
    "larder takes no tokens of another token service; use auth.htpasswd, larder's own users and tokens (larder user, larder token), or auth.oidc in larder.yaml for a service that publishes its keys",
  ),
  refused("auth.silly", "anything", "it lets everyone in who sends any header; use auth.htpasswd"),
];
