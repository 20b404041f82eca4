import { AciError } from "../aci-error.ts";

/** A port of an ACI's app. */
export type Port = {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly count: number;
  readonly socketActivated: false;
};

const PORT = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-z][a-z0-9]{0,15}))?$/i;

/**
 * The ports that an image exposes: `8080/tcp`, `53/udp`, `8000-8010`; tcp when they say nothing, ranges as single
 * ports, sorted, each once. Throws AciError for what is no port.
 */
export function exposedPorts(texts: readonly string[]): Port[] {
  const ports = new Map<string, Port>();
  for (const text of texts) {
    const match = PORT.exec(text);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || first < 1 || last > 65535 || last < first) {
      throw new AciError(`the image exposes the port ${JSON.stringify(text.slice(0, 80))}, which is not one`);
    }
    const protocol = (match[3] ?? "tcp").toLowerCase();
    for (let port = first; port <= last; port++) {
      const name = `${port}-${protocol}`;
      ports.set(name, { name, protocol, port, count: 1, socketActivated: false });
    }
  }
  return ports
    .values()
    .toArray()
    .toSorted((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}
