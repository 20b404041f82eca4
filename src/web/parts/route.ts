import { useEffect, useState } from "preact/hooks";

/** Where the reader is: the part of the address behind `#`, `/image/docker.io/library/nginx:1.27?platform=linux/arm64`. */
export type Route = {
  /** The view, `images`; empty: none is named. */
  readonly view: string;
  /** What stands behind it, decoded: an image's name, say; empty: nothing. */
  readonly rest: string;
  readonly query: URLSearchParams;
};

/** Reads a hash, with or without its `#`. */
export function parseRoute(hash: string): Route {
  const [, path = "", search = ""] = /^#?\/?([^?]*)\??(.*)$/s.exec(hash) ?? [];
  const [view = "", ...rest] = path.split("/");
  return { view, rest: decode(rest.join("/")), query: new URLSearchParams(search) };
}

/** The address of a route, for links. What is undefined or empty in the query is left out. */
export function hrefOf(view: string, rest = "", query: Readonly<Record<string, string | undefined>> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== "") search.set(name, value);
  // What has a meaning of its own in a hash; slashes, colons and @ stay as they are, so that names can be read.
  const path = rest === "" ? view : `${view}/${encodeURI(rest).replace(/[?#]/g, encodeURIComponent)}`;
  return `#/${path}${search.size === 0 ? "" : `?${search.toString()}`}`;
}

/** The route that holds, and each one after it. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return parseRoute(hash);
}

/** Goes to an address of `hrefOf`; `isStep` false: without a step back, as while somebody types. */
export function go(href: string, isStep = true): void {
  if (href === location.hash) return;
  if (isStep) location.hash = href;
  else {
    history.replaceState(history.state, "", href);
    dispatchEvent(new HashChangeEvent("hashchange"));
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // Somebody typed a % of their own.
  }
}
