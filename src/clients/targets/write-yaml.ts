import { Document, isScalar, type Tags, visit } from "yaml";

/**
 * What the library would leave bare: text that begins with space (as a block, its first lines would be taken for the block's
 * indentation), and YAML 1.1's merge key and default value.
 */
const MISREAD = /^(?:\s|<<$|=$)/;

/**
 * YAML as every reader takes it: quoted wherever YAML 1.1 would see more than text, nothing folded, no anchors.
 * A number under a key `mode` is a file mode, and written in octal.
 */
export function writeYaml(value: unknown): string {
  const document = new Document(value, { version: "1.1", customTags: withoutMerging, aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, scalar) {
      if (typeof scalar.value === "string" && MISREAD.test(scalar.value)) scalar.type = "QUOTE_DOUBLE";
    },
    Pair(_, pair) {
      if (isScalar(pair.key) && pair.key.value === "mode" && isScalar(pair.value)) {
        pair.value.format = "OCT";
      }
    },
  });
  return document.toString({ lineWidth: 0, directives: false });
}

/** Nothing here is merged into anything: `<<` is a text like others, and gets its quotes. */
function withoutMerging(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:merge");
}
