import * as v from "valibot";
import type { ListedNode } from "../../admin/activity-schemas.ts";
import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type ClientNode, type ClientNodes, storedNodeOf } from "../../registry/live/client-nodes.ts";

type Query = InputOf<"listNodes">;
type Key = string | number;

/** Where a page begins: the order, and the key and address of the last one before. */
const place = v.strictTuple([v.string(), v.string(), v.union([v.string(), v.number()]), v.string()]);

/** A page of those who have pulled. There are some thousands at most, in memory. Throws BAD_REQUEST for a page that is none. */
export function listNodes(nodes: Pick<ClientNodes, "all">, query: Query): AnswerOf<"listNodes"> {
  const { sort, order, search, limit, after } = query;
  const wanted = search.toLowerCase();
  const found: { readonly node: ClientNode; readonly key: Key }[] = [];
  for (const node of nodes.all()) if (holds(node, wanted)) found.push({ node, key: keyOf(node, sort) });
  const sign = order === "asc" ? 1 : -1;
  const compare = (a: Key, b: Key, one: string, other: string) =>
    sign * (a === b ? compareText(one, other) : a < b ? -1 : 1);
  found.sort((a, b) => compare(a.key, b.key, a.node.address, b.node.address));
  const from = after === undefined ? null : parsePlace(after, query);
  const behind =
    from === null ? found : found.filter(({ node, key }) => compare(key, from.key, node.address, from.address) > 0);
  const page = behind.slice(0, limit);
  const last = behind.length > limit ? page.at(-1) : undefined;
  return {
    nodes: page.map(({ node }): ListedNode => storedNodeOf(node)),
    next: last === undefined ? null : formatPlace(query, last.key, last.node.address),
    total: found.length,
  };
}

function holds({ address, agent, lastImage }: ClientNode, wanted: string): boolean {
  if (wanted === "") return true;
  const program = agent === null ? "" : `${agent.runtime} ${agent.version ?? ""}`;
  return `${address}\n${program}\n${lastImage ?? ""}`.toLowerCase().includes(wanted);
}

function keyOf(node: ClientNode, sort: Query["sort"]): Key {
  switch (sort) {
    case "address":
      // So that 10.0.0.9 stands before 10.0.0.10.
      return node.address.replace(/\d+/g, (digits) => digits.padStart(5, "0"));
    case "runtime":
      return node.agent === null ? "" : `${node.agent.runtime} ${node.agent.version ?? ""}`;
    case "first":
      return node.firstPullMs;
    case "last":
      return node.lastPullMs;
    default:
      return node[sort];
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function formatPlace({ sort, order }: Query, key: Key, address: string): string {
  return Buffer.from(JSON.stringify([sort, order, key, address])).toString("base64url");
}

function parsePlace(token: string, { sort, order }: Query): { readonly key: Key; readonly address: string } {
  const result = v.safeParse(place, tryParseJson(Buffer.from(token, "base64url").toString()));
  if (!result.success) throw new RegistryError("BAD_REQUEST", "`after` is not the `next` of a page");
  const [ownSort, ownOrder, key, address] = result.output;
  if (ownSort !== sort || ownOrder !== order) {
    throw new RegistryError("BAD_REQUEST", "`after` is the `next` of a list in another order");
  }
  return { key, address };
}

function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // As good as any other value that is no place.
  }
}
