/** Earthly's files. Source: the Earthfile reference (v0.8): FROM, BUILD, WITH DOCKER --pull. */
import type { TextFormat } from "../files/text-format.ts";
import { hostPlatform } from "../../oci/platform.ts";
import { BuildScope } from "../dockerfile/build-scope.ts";
import { parseDockerfile } from "../dockerfile/dockerfile-instructions.ts";
import { endsAsImage, LackingNames } from "../found/lacking-names.ts";

export const earthfile: TextFormat = {
  tool: "Earthly",
  isNamedSo: (name) => name === "Earthfile" || name.endsWith(".earth"),
  recognizes: (text) => /^(?:\s*(?:#.*)?\n)*VERSION\s/.test(text),
  read(text, file, findings) {
    const platform = hostPlatform();
    const scope = new BuildScope({ platform, buildPlatform: platform }, "\\");
    const lacks = new LackingNames();
    for (const { name, rest, line } of parseDockerfile(text.replace(/^(\s*)(?:LET|SET)\s/gm, "$1ARG ")).instructions) {
      if (name === "ARG") scope.declareArguments(rest.replace(/^(?:--\w+\s+)+/, ""));
      const words = rest.split(/\s+/);
      const pulls = [...rest.matchAll(/--pull[= ](\S+)/g)].map(([, image = ""]) => image);
      const base =
        name === "FROM" ? [words.find((word) => !word.startsWith("--")) ?? ""] : name === "WITH" ? pulls : [];
      for (const written of base) {
        const { text: image, missing } = scope.expand(written);
        const place = { file: file.path, line };
        // A target of this or another file has a plus sign.
        if (image === "" || image === "scratch" || image.includes("+")) continue;
        const isListed =
          (missing.length === 0 || endsAsImage(image)) &&
          findings.image(place, image, missing.length === 0 ? "field" : "guess", "dockerfile");
        if (missing.length > 0) lacks.add(missing, place, written, isListed);
      }
    }
    lacks.report((names) => `depends on the argument ${names}, which has no default`, findings);
  },
};
