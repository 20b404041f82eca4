/** Tells image references from other text. */
import { tryReference } from "./found-image.ts";

const NOT_AN_IMAGE = /\.(?:png|svg|jpe?g|gif|ico|webp|iso|img|qcow2|raw|vmdk|ova|vhdx?)(?:\.(?:gz|xz|zst))?$/i;
const TAINT = /:(?:NoSchedule|NoExecute|PreferNoSchedule)$/;
const TEMPLATE = /\{\{|\$\{|\$\(|\$[A-Za-z_]|%[A-Z_]+%|@[A-Z_]+@|<[A-Za-z][\w -]*>|__unresolved_\d+__/;

/** Does the text hold a placeholder that another tool fills in: `{{ … }}`, `${X}`, `$(X)`, `%X%`, `<x>`, or a mark of our own? */
export function isTemplated(text: string): boolean {
  return TEMPLATE.test(text);
}

/** May this be an image where an image is expected, without a doubt: with a path, a tag or a digest? */
export function isLikelyImage(text: string): boolean {
  if (!/[/:@]/.test(text) || NOT_AN_IMAGE.test(text)) return false;
  if (text.includes("://") && !text.startsWith("docker://")) return false;
  // `localhost:8080`, `10.0.0.1:53`, `db.example:5432` are addresses.
  if (/^(?:localhost|[\d.]+|[\w-]+(?:\.[\w-]+)+):\d+$/.test(text)) return false;
  return tryReference(text) !== null;
}

/** Is this a name of one word, which is an image only where one is expected? */
export function isBareName(text: string): boolean {
  return /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(text) && !NOT_AN_IMAGE.test(text);
}

/** Is this surely an image wherever it stands: `host/path:tag` or `host/path@digest`? */
export function isFullImage(text: string): boolean {
  const slash = text.indexOf("/");
  const host = text.slice(0, Math.max(slash, 0));
  if (!/^(?:localhost(?::\d+)?|[a-z0-9.-]+\.[a-z]{2,}(?::\d+)?|[a-z0-9.-]+:\d+)$/i.test(host)) return false;
  if (host.endsWith("kubernetes.io") || TAINT.test(text)) return false;
  const rest = text.slice(slash + 1);
  return /[:@]/.test(rest) && isLikelyImage(text);
}

/** The full references in a text such as an argument, a script or an annotation. */
export function imagesInText(text: string): string[] {
  return text.split(/[\s"'`,;()<>|=[\]{}\\]+/).filter(isFullImage);
}

/** May this document's text name an image? Schemas describe images and run none. Cheap, so that most texts need no parser. */
export function mayNameImages(document: string): boolean {
  return !/^kind:\s*["']?CustomResourceDefinition\b/m.test(document) && /image|repository/i.test(document);
}
