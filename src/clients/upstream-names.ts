/** The names that clients know upstreams by, and what spoofing them takes. */
import { DOCKER_HUB, type Namespace } from "../oci/repository-name.ts";
import { canBeSpoofed, type ClientSettings } from "./client-settings.ts";
import { hostWithoutPort } from "../lib/net/host-port.ts";

/** docker.io's images are pulled from registry-1, tokens come from auth, and the others are further names of the registry. */
const DOCKER_HUB_HOSTS = [
  "docker.io",
  "registry-1.docker.io",
  "index.docker.io",
  "registry.hub.docker.com",
  "auth.docker.io",
];

/** The host that clients contact for an upstream's images. */
export function contactedHost(standIn: Namespace): string {
  return standIn === DOCKER_HUB ? "registry-1.docker.io" : standIn;
}

/** Every name of an upstream that has to lead to larder for its clients to come here. A port is no part of a name. */
export function hostNamesOf(standIn: Namespace): readonly string[] {
  return standIn === DOCKER_HUB ? DOCKER_HUB_HOSTS : [hostWithoutPort(standIn)];
}

/** The stand-ins that spoofing can serve. */
export function spoofedStandIns(settings: ClientSettings): readonly Namespace[] {
  return settings.standIns.filter(canBeSpoofed);
}

/** Every name that has to lead to larder, so that the stand-ins' images come from there. */
export function spoofedNames(settings: ClientSettings): readonly string[] {
  return [...new Set(spoofedStandIns(settings).flatMap(hostNamesOf))];
}

/** `ADDRESS NAME` for each pair, in hosts(5)'s form: a line each, ended by a newline. */
export function hostsLines(settings: ClientSettings): string {
  const names = spoofedNames(settings);
  return settings.addresses.map((address) => names.map((name) => `${address} ${name}\n`).join("")).join("");
}

/** A sentence on the stand-ins that spoofing cannot serve, when there are any. */
export function spoofingNotes(settings: ClientSettings): readonly string[] {
  const others = settings.standIns.filter((standIn) => !canBeSpoofed(standIn));
  if (others.length === 0) return [];
  return [`${others.join(", ")} cannot be spoofed by name (an address, or a port of its own): use mode http or https.`];
}
