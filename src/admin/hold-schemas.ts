/** What is never given up by itself. */
import * as v from "valibot";
import { sentence, timeMs } from "./basic-schemas.ts";

/** The text of a pin, in a request or as larder tells it. */
export const pinText = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(1024),
  v.description(
    "a pattern of full names with or without a tag (`docker.io/library/nginx:1.*`, `team/**`; a star stands for no slash, two for anything), or a manifest (`quay.io/coreos/etcd@sha256:…`)",
  ),
);

/** A pin. */
const pin = v.object({
  pin: pinText,
  addedAtMs: timeMs,
  who: sentence("who made it; null: nobody knows, since nobody has to prove who they are"),
});
/** All pins. */
export const pinList = v.object({ pins: v.array(pin) });

/** The pin that is to come or to go. */
export const pinRequest = v.strictObject({ pin: pinText });

/** What became of a pin. */
export const pinChange = v.object({
  pin: v.pipe(pinText, v.description("its canonical spelling")),
  isChanged: v.pipe(v.boolean(), v.description("false: it was pinned already, or was no pin")),
});
