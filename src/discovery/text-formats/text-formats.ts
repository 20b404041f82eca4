import type { TextFormat } from "../files/text-format.ts";
import { bake } from "./bake.ts";
import { devcontainer } from "./devcontainer.ts";
import { earthfile } from "./earthfile.ts";
import { helmfile } from "./helmfile.ts";
import { nomad } from "./nomad.ts";
import { quadlet } from "./quadlet.ts";

/** The files of other tools that are understood besides documents. The first that recognizes a text reads it. */
export const TEXT_FORMATS: readonly TextFormat[] = [helmfile, devcontainer, quadlet, earthfile, nomad, bake];
