/** Tells image references from other text. */
import { tryReference } from "./found-image.ts";

/** No name, tag and digest together are longer. */
const LENGTH_LIMIT = 600;
const NOT_AN_IMAGE =
  /\.(?:png|svg|jpe?g|gif|ico|webp|bmp|iso|img|qcow2|raw|vmdk|ova|vhdx?|ya?ml|json|sh|py|js|css|html?)(?:\.(?:gz|xz|zst|bz2))?$/i;
const TAINT = /:(?:NoSchedule|NoExecute|PreferNoSchedule)$/;
/**
 * Placeholders that other tools fill in: Helm's and Jinja's, shells', ko's and Kubernetes' `$(X)`, `%X%`, `@X@`, `<x>`,
 * Zarf's, Azure's `#{x}#`, Concourse's `((x))`, GitLab's `$[[ x ]]`, `[[ x ]]`, and a mark of our own.
 */
const TEMPLATE =
  /\{\{|\{%|\$\{|\$\(|\$\[|\$[A-Za-z_]|%\{?[A-Za-z_]\w*\}?%|%\{|%\(|@@?[A-Z_][\w.]*@|<%|<[A-Za-z][\w .-]*>|###\w+###|#\{|\(\(|\[\[|^\{\w+\}|\/\{\w+\}|:\{\w+\}|[\uE000-\uF8FF]/;

/** Does the text hold a placeholder that another tool fills in? */
export function isTemplated(text: string): boolean {
  return TEMPLATE.test(text);
}

/** May this be an image where an image is expected, without a doubt: with a path, a tag or a digest? */
export function isLikelyImage(text: string): boolean {
  if (text.length > LENGTH_LIMIT || !/[/:@]/.test(text) || NOT_AN_IMAGE.test(text)) return false;
  if (text.includes("://") && !text.startsWith("docker://")) return false;
  // `localhost:8080`, `10.0.0.1:53`, `db.example:5432` are addresses.
  if (/^(?:localhost|[\d.]+|[\w-]+(?:\.[\w-]+)+):\d+$/.test(text)) return false;
  // Images of virtual machines.
  if (/^projects\/.*\/images\//.test(text)) return false;
  return tryReference(text) !== null;
}

/** Is this a name of one word, which is an image only in a list of images? */
export function isBareName(text: string): boolean {
  return /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/.test(text) && !NOT_AN_IMAGE.test(text);
}

/** Is this a name with a version, as `nginx:1.25`: an image, if it stands where nothing says what it is? */
export function isVersionedName(text: string): boolean {
  return (
    /^(?:[a-z][a-z0-9-]{0,60}\/)?[a-z][a-z0-9]{0,60}(?:[-_][a-z0-9]{1,60}){0,9}:v?\d+(?:\.\d+)+[\w.-]*$/.test(text) &&
    !/^(?:https?|tls|ssl|version|v):/.test(text)
  );
}

/** Is this surely an image wherever it stands: `host/path:tag` or `host/path@digest`? */
export function isFullImage(text: string): boolean {
  if (text.length > LENGTH_LIMIT) return false;
  const slash = text.indexOf("/");
  const host = text.slice(0, Math.max(slash, 0));
  if (!/^(?:localhost(?::\d+)?|[a-z0-9.-]+\.[a-z]{2,}(?::\d+)?|[a-z0-9.-]+:\d+)$/i.test(host)) return false;
  if (host.endsWith("kubernetes.io") || RESOURCE_HOST.test(host) || isCodeHost(text) || TAINT.test(text)) return false;
  const rest = text.slice(slash + 1);
  return /[:@]/.test(rest) && isLikelyImage(text);
}

/** Domains that name devices of nodes (`nvidia.com/gpu:1`) and labels, not registries. */
const RESOURCE_HOST =
  /^(?:nvidia|amd|intel|xilinx|habana|qualcomm|rdma|smarter-devices)\.(?:com|ai)$|^(?:helm|karpenter)\.sh$/;

/** Is this a path at a place that keeps source code? Modules and repositories look like images there. */
export function isCodeHost(text: string): boolean {
  return (
    /^(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|gitee\.com|dev\.azure\.com|golang\.org|k8s\.io|sigs\.k8s\.io|gopkg\.in|raw\.githubusercontent\.com)\//.test(
      text,
    ) || /\.git(?:[:@]|$)/.test(text)
  );
}

/** Does the name begin with a registry's host? */
export function namesRegistry(name: string): boolean {
  const slash = name.indexOf("/");
  return slash > 0 && /^(?:localhost|[^:]*[.].*|[^:]+:\d+|\[[\da-f:]+\](?::\d+)?)$/i.test(name.slice(0, slash));
}

/** The full references in a text such as an argument, a script or an annotation. */
export function imagesInText(text: string): string[] {
  if (!text.includes("/")) return [];
  // What a placeholder touches is not whole.
  const whole = /[{<]/.test(text)
    ? text.replace(/\{\{.{0,300}?\}\}|\$?\{[^{}\s":]{0,100}\}|<[\w .-]{0,100}>/g, "\0")
    : text;
  return whole.split(/[\s"'`,;()<>|=[\]{}\\]+/).flatMap((part) => {
    // A sentence may end with an image.
    const image = part.replace(/^docker(?:-image)?:\/\/|[.:]$/g, "");
    return isFullImage(image) ? [image] : [];
  });
}

/**
 * May this document's text name an image? Schemas describe images and run none. Cheap, so that most texts need no parser.
 * Secrets keep theirs encoded, ConfigMaps under any name.
 */
export function mayNameImages(document: string): boolean {
  if (/image|repository/i.test(document)) return !/^kind:\s*["']?CustomResourceDefinition\b/m.test(document);
  if (!CONFIG.test(document)) return false;
  return /^kind:\s*["']?Secret\b|"Secret"/m.test(document) || DATA_WITH_IMAGE.test(document);
}

const CONFIG = /^[ \t]*["']?kind["']?[ \t]*:[ \t]*["']?(?:ConfigMap|Secret)\b/m;
/** `host/path:tag`, `name:1.2`. */
const DATA_WITH_IMAGE = /\w\/[\w./-]{1,255}[:@]\w|\b[a-z][\w-]{1,63}:v?\d{1,9}\.\d/;
