import { type LocatedMap, stringAt } from "./located-value.ts";

/** Resources that others refer to by name, wherever among the files they are declared. */
export class DeclaredResources {
  readonly #byName = new Map<string, LocatedMap[]>();

  add(document: LocatedMap): void {
    const key = `${stringAt(document, "kind")}/${stringAt(document, "metadata", "name")}`;
    this.#byName.set(key, [...(this.#byName.get(key) ?? []), document]);
  }

  /** All of them, for another list. */
  *all(): Generator<LocatedMap> {
    for (const documents of this.#byName.values()) yield* documents;
  }

  /** The resource of that name: that of the namespace where there is one, else the first. Null when nobody declares it. */
  find(kind: string, name: string, namespace: string | null = null): LocatedMap | null {
    const candidates = this.#byName.get(`${kind}/${name}`) ?? [];
    const own = candidates.find((document) => stringAt(document, "metadata", "namespace") === namespace);
    return own ?? candidates[0] ?? null;
  }
}
