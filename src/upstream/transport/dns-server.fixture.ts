import { decode, encode, type Answer } from "dns-packet";

/** A DNS server on loopback. Change `records` (name to addresses) while it runs; `questions` are the names asked for. */
export type DnsServer = {
  readonly address: string;
  readonly records: Map<string, readonly string[]>;
  readonly questions: string[];
  /** Questions of these types are not answered. */
  readonly silentFor: Set<string>;
  close(): void;
};

/** Answers A and AAAA questions with a time to live of 0 seconds; a name that it does not know does not exist. */
export async function startDnsServer(records: Readonly<Record<string, readonly string[]>>): Promise<DnsServer> {
  const known = new Map(Object.entries(records));
  const questions: string[] = [];
  const silentFor = new Set<string>();
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    socket: {
      data(socket, bytes, port, address) {
        const query = decode(bytes);
        const question = query.questions?.[0];
        if (question === undefined) return;
        questions.push(question.name);
        if (silentFor.has(question.type)) return;
        const addresses = known.get(question.name);
        const answers = (addresses ?? [])
          .map((data): Answer => ({ type: data.includes(":") ? "AAAA" : "A", name: question.name, ttl: 0, data }))
          .filter(({ type }) => type === question.type);
        const nameError = 3;
        const flags = addresses === undefined ? nameError : 0;
        socket.send(
          encode({ type: "response", id: query.id ?? 0, flags, questions: [question], answers }),
          port,
          address,
        );
      },
    },
  });
  return { address: `127.0.0.1:${socket.port}`, records: known, questions, silentFor, close: () => socket.close() };
}
