import { useMemo, useState } from "preact/hooks";
import type { AnswerOf } from "../../admin/contract.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { useAnswer } from "../api/use-answer.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { DigestText } from "../parts/digest-text.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { ShareBar } from "../parts/share-bar.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { type HistoryRow, type HistoryStep, historyRows } from "./history-rows.ts";
import { type ImagePlace, imageHref } from "./image-address.ts";
import type { Inspected } from "./image-document.ts";
import { instructionOf } from "./instruction-of.ts";
import { LayerFiles } from "./layer-files.tsx";

type Sharing = AnswerOf<"listLayerSharing">["layers"][number];
/** Rows that are shown at first: images of people have some dozen. */
const ROWS = 60;

type Props = { readonly shown: string; readonly image: Inspected; readonly place: ImagePlace };

/** The layers of an image by size, with the steps that made them, those between them, and who else has each. */
export function LayersPanel({ shown, image, place }: Props) {
  const { layers, config } = image;
  const { rows, note } = useMemo(() => historyRows(layers.length, config), [layers, config]);
  const { answer, problem, again } = useAnswer("listLayerSharing", { image: image.name });
  const sharing = useMemo(() => new Map(answer?.layers.map((one) => [one.digest, one])), [answer]);
  const [isWhole, setIsWhole] = useState(false);
  const largest = layers.reduce((most, { sizeBytes }) => Math.max(most, sizeBytes), 1);
  const sum = layers.reduce((before, { sizeBytes }) => before + sizeBytes, 0);
  if (layers.length === 0) return <p class="quiet">The manifest names no layers.</p>;
  const open = rows.findIndex((row) => row.kind === "layer" && layers[row.layer]?.digest === place.layer);
  const visible = isWhole ? rows : rows.slice(0, Math.max(ROWS, open + 1));
  return (
    <>
      <p>
        {layers.length} {layers.length === 1 ? "layer" : "layers"}, {formatBytes(sum)} as they are sent; the first one
        is the lowest.
      </p>
      {note !== null && image.platforms.length === 0 && isContainerImage(image) && <p class="note">{note}</p>}
      <ProblemNote problem={problem} again={again} />
      <ol class="layers">
        {visible.map((row, at) => (
          <Row key={at} row={row} image={image} largest={largest} sharing={sharing} shown={shown} place={place} />
        ))}
      </ol>
      {visible.length < rows.length && (
        <button type="button" onClick={() => setIsWhole(true)}>
          Show all {rows.length} rows
        </button>
      )}
    </>
  );
}

/** Artifacts have no history, and nobody misses it. */
function isContainerImage({ artifactType, mediaType }: Inspected): boolean {
  const type = artifactType ?? mediaType;
  return /^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)\./.test(type);
}

type RowProps = {
  readonly row: HistoryRow;
  readonly image: Inspected;
  readonly largest: number;
  readonly sharing: ReadonlyMap<string, Sharing>;
  readonly shown: string;
  readonly place: ImagePlace;
};

function Row({ row, image, largest, sharing, shown, place }: RowProps) {
  if (row.kind === "step") {
    return (
      <li class="layer layer-empty">
        <Step step={row.step} />
        <p class="quiet">no layer</p>
      </li>
    );
  }
  const layer = image.layers[row.layer];
  if (layer === undefined) return null;
  const { digest, sizeBytes, mediaType } = layer;
  const isOpen = place.layer === digest;
  return (
    <li class="layer">
      <div class="layer-head">
        <span class="layer-number">{row.layer + 1}</span>
        <ShareBar
          label={`Layer ${row.layer + 1}`}
          shares={[{ label: "size", amount: sizeBytes }]}
          whole={largest}
          format={formatBytes}
        />
        <span class="figure">{formatBytes(sizeBytes)}</span>
      </div>
      <Step step={row.step} />
      <p class="layer-facts">
        <DigestText digest={digest} of={`the digest of layer ${row.layer + 1}`} />
        <span class="quiet" title={mediaType}>
          {formatOf(mediaType)}
        </span>
        <Sharers sharing={sharing.get(digest) ?? null} />
        <a
          href={imageHref(shown, { ...place, layer: isOpen ? undefined : digest, folder: undefined })}
          aria-expanded={isOpen}
          aria-label={`${isOpen ? "Close files" : "Files"} of layer ${row.layer + 1}`}
        >
          {isOpen ? "Close files" : "Files"}
        </a>
      </p>
      {isOpen && <LayerFiles shown={shown} image={image.name} layer={digest} place={place} />}
    </li>
  );
}

function Step({ step }: { readonly step: HistoryStep | null }) {
  if (step === null) return <p class="quiet">How it was made is not told.</p>;
  const text = step.command === null ? (step.comment ?? "") : instructionOf(step.command);
  return (
    <div class="step">
      <code>
        <StrangerText text={text === "" ? "(nothing is told)" : text} limit={2000} />
      </code>
      {text !== "" && <CopyButton text={text} label="the step" />}
      {step.createdAtMs !== null && (
        <span class="quiet">
          <TimeAgo atMs={step.createdAtMs} />
        </span>
      )}
    </div>
  );
}

function Sharers({ sharing }: { readonly sharing: Sharing | null }) {
  if (sharing === null) return null;
  const { imageCount, isMore, images } = sharing;
  if (imageCount === 0) return <span class="quiet">in no other image</span>;
  const count = `${imageCount.toLocaleString("en")}${isMore ? " or more" : ""} other ${imageCount === 1 ? "image" : "images"}`;
  return (
    <details class="sharers">
      <summary>in {count}</summary>
      <ul>
        {images.map((name) => (
          <li key={name}>
            <a href={imageHref(name)}>
              <StrangerText text={name} limit={300} />
            </a>
          </li>
        ))}
        {imageCount > images.length && <li class="quiet">and more</li>}
      </ul>
    </details>
  );
}

/** `tar+gzip` says enough. */
function formatOf(mediaType: string): string {
  return /\.(tar(?:\+\w+|\.gzip)?)$/.exec(mediaType)?.[1]?.replace(".", "+") ?? mediaType;
}
