import { useEffect, useMemo, useState } from "preact/hooks";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { addressOf } from "../api/call.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { DigestText } from "../parts/digest-text.tsx";
import { JsonTree } from "../parts/json-tree.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { bytesOf, type ImageDocument, type Inspected } from "./image-document.ts";

type Props = { readonly image: Inspected; readonly document: ImageDocument };

/** The manifest and the config as they are, to be looked into, and byte for byte to be saved. */
export function RawPanel({ image, document }: Props) {
  const bytes = useMemo(() => bytesOf(image.manifestBase64), [image.manifestBase64]);
  const address = useAddressOf(bytes);
  const { config } = document;
  return (
    <>
      <h3>Manifest</h3>
      <p>
        <StrangerText text={image.mediaType} limit={300} />, {formatBytes(bytes.byteLength)},{" "}
        <DigestText digest={image.digest} of="the manifest's digest" />{" "}
        {address !== null && (
          <a href={address} download="manifest.json">
            Save it byte for byte
          </a>
        )}{" "}
        <CopyButton text={document.text} label="the manifest" />
      </p>
      {document.json === null ? (
        <p class="quiet">It is no JSON.</p>
      ) : (
        <JsonTree label="Manifest" value={document.json} depth={2} />
      )}
      {config !== null && (
        <>
          <h3>Config</h3>
          <p>
            <StrangerText text={config.mediaType} limit={300} />, {formatBytes(config.sizeBytes)},{" "}
            <DigestText digest={config.digest} of="the config's digest" />{" "}
            <a href={addressOf("readImagePart", { image: image.name, part: config.digest })} download="config.json">
              Save it byte for byte
            </a>
          </p>
          {image.config === null ? (
            <p class="quiet">It is not here, or no JSON.</p>
          ) : (
            <JsonTree label="Config" value={image.config} depth={1} />
          )}
        </>
      )}
    </>
  );
}

/** An address of the browser's own for bytes that are in the page. */
function useAddressOf(bytes: Uint8Array<ArrayBuffer>): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes]);
  return address;
}
