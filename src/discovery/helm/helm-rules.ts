/** Which Helm's rules hold: 3.22's or 4.3's, where the two differ. */
export type HelmMajor = 3 | 4;

/** Helm 4 is the one that is released today; Helm 3 gets its last fixes. */
export const DEFAULT_HELM: HelmMajor = 4;
