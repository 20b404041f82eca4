/** Folders with hidden names that tools keep what names images in; as `larder images` has them. */
const USED_BY_TOOLS = /^\.(?:github|gitea|forgejo|gitlab|gitlab-ci|devcontainer|circleci|woodpecker|tekton|imgpkg)$/i;

/** Files that are no text, by their names: larder would pass them over, and they are much to send. */
const NO_TEXT =
  /\.(?:png|jpe?g|gif|webp|avif|ico|bmp|tiff?|psd|svgz|mp[34]|m4[av]|mov|avi|mkv|webm|wav|flac|ogg|woff2?|ttf|otf|eot|pdf|docx?|xlsx?|pptx?|exe|dll|so|dylib|a|o|obj|class|jar|war|pyc|wasm|db|sqlite3?|iso|qcow2|vmdk|img|deb|rpm|apk|zip|7z|rar|zst|xz|bz2)$/i;

/**
 * Is a file in a folder that somebody gave left out, by its path: in a hidden folder that no tool keeps images in, in
 * `node_modules`, or no text? What is given by itself is never left out. Hidden files stay: others name them (`.env`,
 * `.helmignore`).
 */
export function isPassedOver(path: string): boolean {
  const names = path.split("/");
  const file = names.pop() ?? "";
  return names.some(isPassedOverFolder) || file === ".DS_Store" || NO_TEXT.test(file);
}

/** Is nothing of a folder looked at, for its name? */
export function isPassedOverFolder(name: string): boolean {
  return name === "node_modules" || (name.startsWith(".") && !USED_BY_TOOLS.test(name));
}
