import type { RequestOf } from "../../admin/contract.ts";
import { hrefOf } from "../parts/route.ts";

const SORTS = ["match", "name", "updated", "pulled", "size", "tags"] as const;
/** By what the list is sorted; `match`: by name, those first that are called what is looked for. */
export type Sort = (typeof SORTS)[number];

/** What the reader looks at. It is the address's query: whoever is sent that sees the same. Empty: all. */
export type ImageQuestion = {
  readonly text: string;
  readonly namespace: string;
  readonly kind: "" | "pushed" | "cached";
  readonly pinned: "" | "true" | "false";
  readonly signed: "" | "true" | "false";
  /** A line for each tag, or for each repository? */
  readonly rows: "tags" | "repositories";
  readonly sort: Sort;
  readonly isDescending: boolean;
};

/** Reads it from the address; what is none of it counts as not said. */
export function questionOf(query: URLSearchParams): ImageQuestion {
  const rows = oneOf(query.get("rows"), ["tags", "repositories"] as const) ?? "tags";
  const sort = oneOf(query.get("sort"), SORTS) ?? "match";
  return {
    text: (query.get("q") ?? "").slice(0, 1024),
    namespace: (query.get("ns") ?? "").slice(0, 255),
    kind: oneOf(query.get("kind"), ["pushed", "cached"] as const) ?? "",
    pinned: oneOf(query.get("pinned"), ["true", "false"] as const) ?? "",
    signed: oneOf(query.get("signed"), ["true", "false"] as const) ?? "",
    rows,
    sort: sort === "tags" && rows === "tags" ? "match" : sort,
    isDescending: query.get("order") === "desc",
  };
}

/** The address of it. */
export function hrefOfQuestion({
  text,
  namespace,
  kind,
  pinned,
  signed,
  rows,
  sort,
  isDescending,
}: ImageQuestion): string {
  return hrefOf("images", "", {
    q: text,
    ns: namespace,
    kind,
    pinned,
    signed,
    rows: rows === "tags" ? "" : rows,
    sort: sort === "match" ? "" : sort,
    order: isDescending ? "desc" : "",
  });
}

/** Is anything left out? */
export function isFiltered({ text, namespace, kind, pinned, signed }: ImageQuestion): boolean {
  return text.trim() !== "" || namespace !== "" || kind !== "" || pinned !== "" || signed !== "";
}

/** What is asked of larder for the namespaces, whichever is chosen. */
export function filtersOf({ text, kind, pinned, signed }: ImageQuestion): RequestOf<"listNamespaces"> {
  return {
    ...(text.trim() !== "" && { text }),
    ...(kind !== "" && { kind }),
    ...(pinned !== "" && { pinned }),
    ...(signed !== "" && { signed }),
  };
}

/** What is asked of larder for the rows, whichever of them. */
export function requestOf(question: ImageQuestion) {
  const { namespace, isDescending } = question;
  return {
    ...filtersOf(question),
    ...(namespace !== "" && { namespace }),
    order: isDescending ? "desc" : "asc",
  } as const;
}

function oneOf<T extends string>(text: string | null, values: readonly T[]): T | null {
  return values.find((value) => value === text) ?? null;
}
