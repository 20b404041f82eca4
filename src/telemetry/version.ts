import manifest from "../../package.json" with { type: "json" };

/** This larder's version. */
export const VERSION: string = manifest.version;
