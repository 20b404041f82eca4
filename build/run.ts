/** `npm run build`: larder as one file for each kind of machine, in dist/. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildBinary } from "./build-binary.ts";
import { CHECKOUT, readSourceVersion } from "./source-version.ts";
import { hostTarget } from "./target.ts";

const folder = join(CHECKOUT, "dist");
mkdirSync(folder, { recursive: true });
const target = hostTarget();
await buildBinary(target, readSourceVersion(process.env), join(folder, target.file));
console.log(join("dist", target.file));
