/** `npm run rpm`: RPM packages of larder, in dist/, for each processor; `npm run rpm -- aarch64` for one. */
import { join } from "node:path";
import { packagedTargets } from "../packages/packaged-targets.ts";
import { CHECKOUT, readSourceVersion } from "../source-version.ts";
import { buildRpm } from "./build-rpm.ts";

for (const target of packagedTargets(process.argv.slice(2))) {
  console.log(await buildRpm(target, readSourceVersion(process.env), join(CHECKOUT, "dist"), "small"));
}
