/** `npm run deb`: Debian's packages of larder, in dist/, for each processor; `npm run deb -- arm64` for one. */
import { join } from "node:path";
import { CHECKOUT, readSourceVersion } from "../source-version.ts";
import { packagedTargets } from "../packages/packaged-targets.ts";
import { buildDeb } from "./build-deb.ts";

for (const target of packagedTargets(process.argv.slice(2))) {
  console.log(await buildDeb(target, readSourceVersion(process.env), join(CHECKOUT, "dist"), "small"));
}
