import type { ListedManifest } from "./image-document.ts";

/**
 * Which of an index's images is shown: the one that the address names by its digest or platform; else one for linux/amd64 or
 * linux/arm64, else the first that is here. Null when none is here.
 */
export function choosePlatform(listed: readonly ListedManifest[], wanted: string | undefined): ListedManifest | null {
  const here = listed.filter(({ isHere }) => isHere);
  const meant = here.find(({ digest, platform }) => wanted !== undefined && (digest === wanted || platform === wanted));
  if (meant !== undefined) return meant;
  const images = here.filter(({ attestsTo }) => attestsTo === null);
  for (const platform of ["linux/amd64", "linux/arm64"]) {
    const usual = images.find((one) => one.platform === platform);
    if (usual !== undefined) return usual;
  }
  return images[0] ?? null;
}
