import type { Lab } from "./lab.ts";
import type { Row } from "./row.ts";

/** Something that is measured under a name. */
export type Measurement = { readonly name: string; readonly run: (lab: Lab) => Promise<readonly Row[]> };
