import * as v from "valibot";
import { imageName } from "./basic-schemas.ts";
import {
  imagePartQuery,
  layerFilePage,
  layerFileQuery,
  layerSharing,
  layerText,
  layerTextQuery,
  referrerPage,
  referrerQuery,
  statementList,
} from "./content-schemas.ts";
import { operation } from "./operation.ts";

const image = { image: imageName } as const;

/** Operations of the admin API: what is inside of an image, and what refers to it. */
export const CONTENT_OPERATIONS = {
  listLayerSharing: operation("GET", "/layer-sharing/{image}", {
    action: "pull",
    isWork: true,
    summary: "Tell which other images have the layers of an image",
    description: "Of one platform's image, or of an artifact; an index has no layers. The name as in `getImage`.",
    parameters: image,
    answer: layerSharing,
  }),
  listLayerFiles: operation("GET", "/layer-files/{image}", {
    action: "pull",
    isWork: true,
    summary: "List what one folder of a layer holds",
    description:
      "The layer is unpacked while it is read, within bounds: `reading` tells how far it was read, and why no further. What was read is remembered for a while. The name as in `getImage`.",
    parameters: image,
    query: layerFileQuery,
    answer: layerFilePage,
  }),
  readLayerText: operation("GET", "/layer-texts/{image}", {
    action: "pull",
    isWork: true,
    summary: "Give the beginning of a text file of a layer",
    parameters: image,
    query: layerTextQuery,
    answer: layerText,
  }),
  readImagePart: operation("GET", "/image-parts/{image}", {
    action: "pull",
    summary: "Give the config or a layer of an image, byte for byte",
    description: "Of what is here alone: upstream is never asked. The name as in `getImage`.",
    parameters: image,
    query: imagePartQuery,
    form: "bytes",
    answer: v.pipe(v.string(), v.description("the content, from its beginning on")),
  }),
  listReferrers: operation("GET", "/referrers/{image}", {
    action: "pull",
    isWork: true,
    summary: "List what refers to an image: signatures, bills of materials, attestations",
    description:
      "What names it as its subject, what the referrers tag lists, and what cosign's tags lead to; of what is here. The name as in `getImage`.",
    parameters: image,
    query: referrerQuery,
    answer: referrerPage,
  }),
  listStatements: operation("GET", "/statements/{image}", {
    action: "pull",
    isWork: true,
    summary: "Give what signatures and attestations say, undone from their envelopes",
    description:
      "The image is one of `listReferrers`, by its digest. Nothing is verified here: `checkSignatures` does that. The name as in `getImage`.",
    parameters: image,
    answer: statementList,
  }),
} as const;
