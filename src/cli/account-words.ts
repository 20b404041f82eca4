import { isLoopbackHost } from "../clients/registry-address.ts";
import { tryParseHostPort } from "../lib/net/host-port.ts";

/** How somebody logs in at a registry. An address of this machine's loopback is of no use to the others. */
export function loginLine(host: string, name: string, flags = ""): string {
  const isHere = isLoopbackHost(tryParseHostPort(host)?.host ?? "");
  const elsewhere = isHere ? " (on other machines: with the name or address that larder has there)" : "";
  return `docker login ${host} -u ${name}${flags}${elsewhere}`;
}

/** What is said when the first user or token comes: from then on things are not as they were. */
export function explainFirst(host: string, name: string): string {
  return `
From now on this larder knows people, and who pushes or deletes says who they are, on this machine too:
  docker login ${host} -u ${name}
  docker push ${host}/myapp:1
Anyone still pulls without logging in, and every user pulls and pushes everything; auth.rules in larder.yaml say
otherwise. Verbs such as larder gc, rm and user go on to work without a password for root, and for the user that
larder runs as, on the machine that it runs on.
`;
}

/** What is said when the last one has gone. */
export function explainLast(): string {
  return `
Nobody is set up any more. Unless larder.yaml knows people (auth), anyone pulls, and whoever is on the machine that
larder runs on pushes, deletes and administers.
`;
}

/** A time in UTC, in minutes; a dash for never. */
export function dateText(ms: number | null): string {
  return ms === null ? "-" : new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}

/** Reads an option that may be given more than once. */
export function also(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
