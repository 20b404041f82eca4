import { useState } from "preact/hooks";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { Chip } from "../parts/chip.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { shortenDigest } from "../parts/shorten-digest.ts";
import { type ImagePlace, imageHref } from "./image-address.ts";
import type { ListedManifest } from "./image-document.ts";
import { BringImage } from "./bring-image.tsx";

const SHOWN = 40;

type Props = {
  readonly name: string;
  readonly listed: readonly ListedManifest[];
  /** The digest of the one that is shown. */
  readonly current: string | null;
  readonly place: ImagePlace;
  /** May what is missing be brought? Null: yes; else why not. */
  readonly whyNotBring: string | null;
  readonly canBeBrought: boolean;
  readonly onBrought: () => void;
};

/** The images that an index lists: a link each, with what is not here of them, and the way to have it. */
export function ImageTree({ name, listed, current, place, whyNotBring, canBeBrought, onBrought }: Props) {
  const [isWhole, setIsWhole] = useState(false);
  const images = listed.filter(({ attestsTo }) => attestsTo === null);
  const at = images.findIndex(({ digest }) => digest === current);
  const visible = isWhole ? images : images.slice(0, Math.max(SHOWN, at + 1));
  const missing = images.filter(({ isHere }) => !isHere);
  const platforms = missing.flatMap(({ platform }) => (platform === null ? [] : [platform]));
  const attested = new Map<string, number>();
  for (const { attestsTo } of listed) {
    if (attestsTo !== null) attested.set(attestsTo, (attested.get(attestsTo) ?? 0) + 1);
  }
  return (
    <nav class="platforms panel" aria-label="Images of the index">
      <h2>
        Index of {images.length.toLocaleString("en")} {images.length === 1 ? "image" : "images"}
        {missing.length > 0 && (
          <span class="quiet"> {(images.length - missing.length).toLocaleString("en")} of them here</span>
        )}
      </h2>
      <ul>
        {visible.map((one) => (
          <li key={one.digest}>
            <Platform name={name} listed={one} isCurrent={one.digest === current} place={place} />
            {(attested.get(one.digest) ?? 0) > 0 && <span class="quiet"> attested</span>}
          </li>
        ))}
      </ul>
      {visible.length < images.length && (
        <button type="button" onClick={() => setIsWhole(true)}>
          Show all {images.length.toLocaleString("en")}
        </button>
      )}
      {missing.length > 0 && canBeBrought && (
        <BringImage
          name={name}
          platforms={platforms.length === missing.length && platforms.length <= 50 ? platforms : "all"}
          text={`Bring the ${missing.length.toLocaleString("en")} that ${missing.length === 1 ? "is" : "are"} missing`}
          why={whyNotBring}
          onDone={onBrought}
        />
      )}
    </nav>
  );
}

type PlatformProps = {
  readonly name: string;
  readonly listed: ListedManifest;
  readonly isCurrent: boolean;
  readonly place: ImagePlace;
};

function Platform({ name, listed, isCurrent, place }: PlatformProps) {
  const { digest, platform, isHere, artifactType, mediaType, sizeBytes } = listed;
  const text = platform ?? artifactType ?? shortenDigest(digest);
  const title = `${digest}, ${mediaType}, manifest of ${formatBytes(sizeBytes)}`;
  if (!isHere) {
    return (
      <span title={title}>
        <StrangerText text={text} limit={200} /> <Chip tone="warn">not here</Chip>
      </span>
    );
  }
  const href = imageHref(name, { platform: digest, tab: place.tab });
  return (
    <a href={href} title={title} aria-current={isCurrent ? "true" : undefined}>
      <StrangerText text={text} limit={200} />
    </a>
  );
}
