import { useMemo, useState } from "preact/hooks";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { useAnswer } from "../api/use-answer.ts";
import { Chip } from "../parts/chip.tsx";
import { DigestText } from "../parts/digest-text.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { AttachedContents } from "./attached-contents.tsx";
import type { ListedManifest } from "./image-document.ts";
import { RequiredSignatures } from "./required-signatures.tsx";
import { nameByDigest } from "./split-name.ts";

type Props = {
  /** The full name of what the address names, and of the platform's image, if that is another. */
  readonly name: string;
  readonly image: string | null;
  /** BuildKit's attestations about it, which its index lists. */
  readonly attestations: readonly ListedManifest[];
};

/** What else is known of an image: who signed it, what is in it, how it was made. */
export function ReferrersPanel({ name, image, attestations }: Props) {
  return (
    <>
      <RequiredSignatures image={name} />
      <Referrers image={name} title={image === null ? null : "Of the index"} isEmptyTold={attestations.length === 0} />
      {image !== null && <Referrers image={image} title="Of this platform's image" isEmptyTold={false} />}
      {attestations.length > 0 && (
        <section>
          <h3>Attestations in the index</h3>
          <ul class="attached">
            {attestations.map(({ digest, isHere, sizeBytes }) => (
              <Attached
                key={digest}
                image={nameByDigest(name, digest)}
                digest={digest}
                kind="BuildKit attestation"
                isHere={isHere}
                facts={`manifest of ${formatBytes(sizeBytes)}`}
              />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

type ListProps = { readonly image: string; readonly title: string | null; readonly isEmptyTold: boolean };

function Referrers({ image, title, isEmptyTold }: ListProps) {
  const [pages, setPages] = useState<readonly string[]>([""]);
  const heading = title === null ? null : <h3>{title}</h3>;
  return (
    <section aria-label={title ?? "What refers to the image"}>
      {heading}
      {pages.map((after, at) => (
        <Page
          key={after}
          image={image}
          after={after}
          isEmptyTold={isEmptyTold && at === 0}
          isLast={at === pages.length - 1}
          onMore={(next) => setPages([...pages, next])}
        />
      ))}
    </section>
  );
}

type PageProps = {
  readonly image: string;
  readonly after: string;
  readonly isEmptyTold: boolean;
  readonly isLast: boolean;
  readonly onMore: (next: string) => void;
};

function Page({ image, after, isEmptyTold, isLast, onMore }: PageProps) {
  const { answer, problem, again } = useAnswer("listReferrers", { image, ...(after === "" ? {} : { after }) });
  const next = answer?.next ?? null;
  const rows = useMemo(() => answer?.referrers ?? [], [answer]);
  return (
    <>
      <ProblemNote problem={problem} again={again} />
      {answer === null && problem === null && <p class="quiet">Loading…</p>}
      {answer !== null && rows.length === 0 && next === null && after === "" && (
        <>
          {isEmptyTold ? (
            <EmptyState
              title="No signature, bill of materials or attestation is here"
              command={`larder cache ${image}`}
            >
              What its registry has of them comes along when the image is fetched on purpose:
            </EmptyState>
          ) : (
            <p class="quiet">Nothing refers to it.</p>
          )}
        </>
      )}
      <ul class="attached">
        {rows.map(({ digest, kind, tag, isHere, sizeBytes, annotations }) => (
          <Attached
            key={digest}
            image={nameByDigest(image, digest)}
            digest={digest}
            kind={kind}
            isHere={isHere}
            facts={[formatBytes(sizeBytes), tag === null ? "" : `by its tag ….${tag.split(".").at(-1)}`]
              .filter(Boolean)
              .join(", ")}
            annotations={annotations}
          />
        ))}
      </ul>
      {isLast && next !== null && (
        <button type="button" onClick={() => onMore(next)}>
          Show more
        </button>
      )}
    </>
  );
}

type AttachedProps = {
  readonly image: string;
  readonly digest: string;
  readonly kind: string;
  readonly isHere: boolean;
  readonly facts: string;
  readonly annotations?: Readonly<Record<string, string>>;
};

function Attached({ image, digest, kind, isHere, facts, annotations = {} }: AttachedProps) {
  const [isOpen, setIsOpen] = useState(false);
  const pairs = Object.entries(annotations);
  return (
    <li>
      <details open={isOpen} onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
        <summary>
          <strong>
            <StrangerText text={kind} limit={200} />
          </strong>{" "}
          <span class="quiet">{facts}</span> {!isHere && <Chip tone="warn">not here</Chip>}
        </summary>
        {isOpen && (
          <div class="attached-body">
            <p>
              <DigestText digest={digest} of="its digest" />
            </p>
            {pairs.length > 0 && (
              <dl class="facts">
                {pairs.slice(0, 20).flatMap(([name, value]) => [
                  <dt key={name}>
                    <StrangerText text={name} limit={200} />
                  </dt>,
                  <dd key={`${name} value`}>
                    <StrangerText text={value} limit={500} />
                  </dd>,
                ])}
              </dl>
            )}
            {isHere ? <AttachedContents image={image} /> : <p class="quiet">It is only listed; its registry has it.</p>}
          </div>
        )}
      </details>
    </li>
  );
}
