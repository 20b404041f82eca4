/** A request as it came. `kind` is what its path names, `reference` the last part of it. */
export type SeenRequest = {
  readonly method: string;
  readonly kind: "manifest" | "blob" | "referrers" | "tags" | "other";
  /** Without the query. */
  readonly path: string;
  readonly reference: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
};

/** Which requests: those that agree with all that is said. */
export type Which = Partial<Pick<SeenRequest, "method" | "kind" | "reference">>;

/** Is the request one of these? */
export function agrees(request: SeenRequest, which: Which): boolean {
  return Object.entries(which).every(([key, value]) => request[key as keyof Which] === value);
}

/** Reads the head of a request, without the empty line at its end. */
export function parseRequest(head: string): SeenRequest {
  const [first = "", ...lines] = head.split("\r\n");
  const [method = "", target = ""] = first.split(" ");
  const [path = "", search = ""] = target.split("?");
  const found = /\/(manifest|blob|referrers|tags)s?\/([^/]+)$/.exec(path);
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const kind = (found?.[1] ?? "other") as SeenRequest["kind"];
  return { method, kind, path, reference: found?.[2] ?? "", query: new URLSearchParams(search), headers };
}
