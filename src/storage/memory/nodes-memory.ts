import { NODES_KEPT, type NodeStore, type StoredNode } from "../nodes.ts";

/** Who has pulled, in memory. */
export class MemoryNodes implements NodeStore {
  #nodes = new Map<string, StoredNode>();

  async list(): Promise<readonly StoredNode[]> {
    return [...this.#nodes.values()];
  }

  async put(nodes: readonly StoredNode[]): Promise<void> {
    for (const node of nodes) this.#nodes.set(node.address, node);
    if (this.#nodes.size <= NODES_KEPT) return;
    const kept = [...this.#nodes.values()].toSorted((a, b) => b.lastPullMs - a.lastPullMs).slice(0, NODES_KEPT);
    this.#nodes = new Map(kept.map((node) => [node.address, node]));
  }
}
