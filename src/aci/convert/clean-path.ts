import { AciError } from "../aci-error.ts";

/** The components of a path in a layer; `./a`, `/a` and `a/` are the same. Throws AciError for `..`. */
export function cleanPath(path: string): string[] {
  const components = path.split("/").filter((component) => component !== "" && component !== ".");
  if (components.includes("..")) {
    throw new AciError(`the layer's path ${JSON.stringify(path.slice(0, 200))} is refused: it leads out by ".."`);
  }
  return components;
}
