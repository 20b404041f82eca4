import { useMemo } from "preact/hooks";
import { JsonTree } from "../parts/json-tree.tsx";
import { safeText } from "../parts/safe-text.ts";
import { readBillOfMaterials } from "./bill-of-materials.ts";
import { textIn, tryParse } from "./image-document.ts";
import { PackageTable } from "./package-table.tsx";

const TEXT_CHARACTERS = 100_000;

/** A document that is attached to an image: a bill of materials as a table, other JSON as a tree, texts as they are. */
export function DocumentText({ text, label }: { readonly text: string; readonly label: string }) {
  const json = useMemo(() => unwrapped(tryParse(text)), [text]);
  const bill = useMemo(() => readBillOfMaterials(json), [json]);
  if (json === null) {
    return (
      <pre class="document" tabIndex={0} role="group" aria-label={label}>
        {safeText(text, TEXT_CHARACTERS)}
      </pre>
    );
  }
  if (bill === null) return <JsonTree label={label} value={json} depth={2} />;
  return (
    <>
      <PackageTable bill={bill} />
      <details>
        <summary>The whole document</summary>
        <JsonTree label={label} value={json} depth={1} />
      </details>
    </>
  );
}

/** A DSSE envelope's payload, which is JSON in base64; anything else as it is. */
function unwrapped(json: unknown): unknown {
  const payload = textIn(json, "payload");
  if (payload === null || textIn(json, "payloadType") === null) return json;
  try {
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    return tryParse(new TextDecoder().decode(bytes)) ?? json;
  } catch {
    return json; // What is no base64 is shown as it stands there.
  }
}
