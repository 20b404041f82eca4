import { pinChange, pinList, pinRequest, pinText } from "./hold-schemas.ts";
import { imageSpacePage, imageSpaceQuery, nextEvictions, nextQuery, space } from "./space-schemas.ts";
import { operation } from "./operation.ts";

/** Operations of the admin API: what takes the space, and what never goes by itself. */
export const SPACE_OPERATIONS = {
  getSpace: operation("GET", "/space", {
    action: "administer",
    isWork: true,
    summary: "Tell what takes the space, as a whole",
    description: "A million blobs take some seconds.",
    answer: space,
  }),
  listImageSpace: operation("GET", "/space/images", {
    action: "administer",
    isWork: true,
    summary: "Tell what images take, and what their going would give back",
    query: imageSpaceQuery,
    answer: imageSpacePage,
  }),
  listNextEvictions: operation("GET", "/space/next", {
    action: "administer",
    isWork: true,
    summary: "List the cached images that would be evicted next, in order",
    query: nextQuery,
    answer: nextEvictions,
  }),
  listPins: operation("GET", "/pins", {
    action: "administer",
    summary: "List what is never given up by itself",
    answer: pinList,
  }),
  addPin: operation("POST", "/pins", {
    action: "administer",
    audited: "pin-added",
    summary: "Keep images, whatever becomes of the disk",
    description:
      "What a pin holds is never evicted, and no rule removes it; people may. It need not be here yet. A pin without a tag holds all tags of the names, and what has none.",
    body: pinRequest,
    answer: pinChange,
  }),
  removePin: operation("DELETE", "/pins/{pin}", {
    action: "administer",
    audited: "pin-removed",
    summary: "Take a pin away",
    description: "The text as in `addPin`; it may be percent-encoded, or stand in the path with its slashes.",
    parameters: { pin: pinText },
    answer: pinChange,
  }),
} as const;
