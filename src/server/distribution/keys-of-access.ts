import { type DistributionKey, honoured, refused } from "./key.ts";

/** `auth`: who may pull and push. */
export const ACCESS_KEYS: readonly DistributionKey[] = [
  honoured("auth", "group", "has to name a way to get in; without it everybody pulls and pushes"),
  honoured("auth.htpasswd", "group", "nobody without a password pulls or pushes; users may do both, and delete"),
  honoured("auth.htpasswd.realm", "text", "`auth.basicRealm`"),
  honoured("auth.htpasswd.path", "text", "`auth.htpasswd`"),
  // That one of these is named at all is enough: what is empty below it would leave the registry open.
  refused(
    "auth.token",
    "named",
    "larder takes no tokens of another token service; use auth.htpasswd, larder's own users and tokens (larder user, larder token), or auth.oidc in larder.yaml for a service that publishes its keys",
  ),
  refused("auth.silly", "named", "it lets everyone in who sends any header; use auth.htpasswd"),
];
