import { formatBytes } from "../../lib/text/format-bytes.ts";
import { Chip } from "../parts/chip.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { DigestText } from "../parts/digest-text.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { hrefOf } from "../parts/route.ts";
import { imageHref } from "./image-address.ts";
import type { Inspected } from "./image-document.ts";
import { nameByDigest } from "./split-name.ts";

type Props = {
  readonly image: Inspected;
  /** What was asked for, if another name answers. */
  readonly asked: string;
  /** What it is, in words: `Helm chart`; null: an image. */
  readonly kind: string | null;
  readonly isPinned: boolean | null;
};

/** What an image is called, what it is, and since when it is here. */
export function ImageHead({ image, asked, kind, isPinned }: Props) {
  const { name, digest, updatedAtMs, pulledAtMs, sizeBytes, subject, platforms, mediaType, artifactType } = image;
  return (
    <header class="image-head">
      <p class="quiet">
        <a href={hrefOf("images")}>Images</a> /
      </p>
      <h1>
        <StrangerText text={name} limit={400} /> <CopyButton text={name} label="the image's name" />
      </h1>
      {asked !== name && (
        <p class="note">
          <StrangerText text={asked} limit={400} /> was asked for; this answers in its place.
        </p>
      )}
      <p class="chips">
        <Chip tone="accent">{kind ?? (platforms.length > 0 ? "image for several platforms" : "image")}</Chip>
        {image.kind !== null && (
          <Chip
            title={
              image.kind === "pushed"
                ? "somebody put it here: it wins"
                : "a copy of its registry's, looked up again after its lifetime"
            }
          >
            {image.kind}
          </Chip>
        )}
        {isPinned === true && <Chip tone="good">pinned</Chip>}
      </p>
      <dl class="facts">
        <dt>Digest</dt>
        <dd>
          <DigestText digest={digest} of="the image's digest" />
        </dd>
        <dt>Size here</dt>
        <dd>{formatBytes(sizeBytes)}</dd>
        {updatedAtMs !== null && (
          <>
            <dt>{image.kind === "pushed" ? "Pushed" : "Cached"}</dt>
            <dd>
              <TimeAgo atMs={updatedAtMs} />
            </dd>
          </>
        )}
        <dt>Last pulled</dt>
        <dd>
          <TimeAgo atMs={pulledAtMs} />
        </dd>
        <dt>Type</dt>
        <dd>
          <StrangerText text={artifactType !== null && kind !== null ? artifactType : mediaType} limit={300} />
        </dd>
        {subject !== null && (
          <>
            <dt>Refers to</dt>
            <dd>
              <a href={imageHref(nameByDigest(name, subject))}>
                <code>{subject}</code>
              </a>
            </dd>
          </>
        )}
      </dl>
    </header>
  );
}
