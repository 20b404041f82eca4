import * as v from "valibot";
import {
  recording,
  recordingList,
  recordingName,
  recordingPage,
  recordingQuery,
  recordingRequest,
  removedRecording,
} from "./recording-schemas.ts";
import { operation } from "./operation.ts";

/** Operations of the admin API: what was pulled while a recording ran. */
export const RECORDING_OPERATIONS = {
  listRecordings: operation("GET", "/recordings", {
    action: "administer",
    summary: "List recordings: what was pulled while they ran",
    answer: recordingList,
  }),
  startRecording: operation("POST", "/recordings", {
    action: "administer",
    audited: "recording-started",
    summary: "Record from now on what is pulled",
    description:
      "What a recording holds is never evicted, and no rule removes it; people may. A pull is in it within a second, and what was asked for by HEAD alone counts. A name is used once, unless `append` says that one which has been goes on.",
    body: recordingRequest,
    answer: recording,
  }),
  stopRecording: operation("POST", "/recordings/{name}/stop", {
    action: "administer",
    audited: "recording-stopped",
    summary: "End a recording; what it holds stays",
    description: "All that was pulled until now is in it, durably. One that has ended stays as it is.",
    parameters: { name: recordingName },
    body: v.strictObject({}),
    answer: recording,
  }),
  getRecording: operation("GET", "/recordings/{name}", {
    action: "administer",
    summary: "List what is in a recording",
    description: "A page of images, in the order of names and tags. Ask again with `next` as `after` until it is null.",
    parameters: { name: recordingName },
    query: recordingQuery,
    answer: recordingPage,
  }),
  removeRecording: operation("DELETE", "/recordings/{name}", {
    action: "administer",
    audited: "recording-removed",
    summary: "Remove a recording that has ended: what it held may be evicted",
    parameters: { name: recordingName },
    answer: removedRecording,
  }),
} as const;
