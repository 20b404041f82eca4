/** How much of files is looked through at once: how many, and how many bytes all of them have. For the page, too, which knows no schemas. */
export const DISCOVERY_LIMITS = { files: 20_000, bytes: 64_000_000 } as const;
