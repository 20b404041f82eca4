import { Document, isScalar, visit } from "yaml";

/**
 * YAML as every reader takes it: quoted wherever YAML 1.1 would see more than text, nothing folded, no anchors.
 * A number under a key `mode` is a file mode, and written in octal.
 */
export function writeYaml(value: unknown): string {
  const document = new Document(value, { version: "1.1", aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, scalar) {
      // As a block, its first lines would be taken for the block's indentation.
      if (typeof scalar.value === "string" && /^\s/.test(scalar.value)) scalar.type = "QUOTE_DOUBLE";
    },
    Pair(_, pair) {
      if (isScalar(pair.key) && pair.key.value === "mode" && isScalar(pair.value)) {
        pair.value.format = "OCT";
      }
    },
  });
  return document.toString({ lineWidth: 0, directives: false });
}
