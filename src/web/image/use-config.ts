import { useMemo } from "preact/hooks";
import { addressOf } from "../api/call.ts";
import { type ImageDocument, type Inspected, tryParse } from "./image-document.ts";
import { DOCUMENT_LIMIT_BYTES, useFetched } from "./use-fetched.ts";

/** An image with its config, which larder hands over as it is where reading it would keep others waiting: ten thousand labels, say. */
export function useConfig(image: Inspected, { config }: ImageDocument): Inspected {
  const isLeftOut =
    image.config === null &&
    config !== null &&
    config.mediaType.endsWith("json") &&
    config.sizeBytes <= DOCUMENT_LIMIT_BYTES;
  const address = isLeftOut ? addressOf("readImagePart", { image: image.name, part: config.digest }) : null;
  const { text } = useFetched(address);
  return useMemo(() => (text === null ? image : { ...image, config: tryParse(text) }), [image, text]);
}
