import { useEffect, useRef, useState } from "preact/hooks";
import type { AnswerOf } from "../../admin/contract.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { call } from "../api/call.ts";
import { Chip } from "../parts/chip.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { FileText } from "./file-text.tsx";
import { formatMode } from "./format-mode.ts";
import { type ImagePlace, imageHref } from "./image-address.ts";

type Page = AnswerOf<"listLayerFiles">;
type File = Page["files"][number];

type Props = {
  /** The name in the address, and the name of the image that has the layer. */
  readonly shown: string;
  readonly image: string;
  readonly layer: string;
  readonly place: ImagePlace;
};

/** The folders of a layer, one at a time; each is a link, so that it can be sent to somebody and left by the way back. */
export function LayerFiles({ shown, image, layer, place }: Props) {
  const folder = place.folder ?? "";
  const { pages, problem, isAsking, more, again } = useFolder(image, layer, folder);
  const [file, setFile] = useState<string | null>(null);
  useEffect(() => setFile(null), [layer, folder]);
  const [first] = pages;
  const next = pages.at(-1)?.next ?? null;
  const files = pages.flatMap((page) => page.files);
  const hrefTo = (path: string) => imageHref(shown, { ...place, layer, folder: path });
  return (
    <section class="files" aria-label="Files of the layer">
      <Path folder={folder} hrefTo={hrefTo} />
      <ProblemNote problem={problem} again={again} />
      {first === undefined && problem === null && <p class="quiet">Reading the layer…</p>}
      {first !== undefined && <Reading reading={first.reading} />}
      {first?.isOpaque === true && <p class="note">Of this folder the layer hides all that layers below have in it.</p>}
      {first !== undefined && first.files.length === 0 && <p class="quiet">The folder is empty.</p>}
      <ul class="file-list">
        {files.map((one) => (
          <FileRow key={one.name} file={one} folder={folder} hrefTo={hrefTo} onRead={setFile} />
        ))}
      </ul>
      {next !== null && (
        <MoreButton
          onMore={more}
          isAsking={isAsking}
          shown={`${files.length} of ${first?.entryCount ?? 0} entries`}
          hasMore
        />
      )}
      {file !== null && <FileText image={image} layer={layer} path={file} onClose={() => setFile(null)} />}
    </section>
  );
}

function Path({ folder, hrefTo }: { readonly folder: string; readonly hrefTo: (path: string) => string }) {
  const names = folder.split("/").filter((name) => name !== "");
  return (
    <nav class="crumbs" aria-label="Folder">
      <a href={hrefTo("")} aria-current={names.length === 0 ? "location" : undefined}>
        layer
      </a>
      {names.map((name, at) => {
        const path = names.slice(0, at + 1).join("/");
        return (
          <span key={path}>
            {" / "}
            <a href={hrefTo(path)} aria-current={at === names.length - 1 ? "location" : undefined}>
              <StrangerText text={name} limit={200} />
            </a>
          </span>
        );
      })}
    </nav>
  );
}

function Reading({ reading }: { readonly reading: Page["reading"] }) {
  const { end, why, entryCount, fileBytes, passedOver, by } = reading;
  const read = `${entryCount.toLocaleString("en")} entries, ${formatBytes(fileBytes)} of files`;
  if (end === "whole") {
    return (
      <p class="quiet">
        The layer has {read}
        {by === "table" ? ", by its table of contents" : ""}
        {passedOver > 0 ? `; ${passedOver.toLocaleString("en")} have names that no file system takes` : ""}.
      </p>
    );
  }
  return (
    <p class="note note-problem">
      {end === "damaged" ? "The layer cannot be read to its end: " : "The layer was not read to its end: "}
      <StrangerText text={why ?? ""} limit={500} />. Shown is what came before: {read}.
    </p>
  );
}

type RowProps = {
  readonly file: File;
  readonly folder: string;
  readonly hrefTo: (path: string) => string;
  readonly onRead: (path: string) => void;
};

function FileRow({ file, folder, hrefTo, onRead }: RowProps) {
  const { name, type, sizeBytes, mode, uid, gid, modifiedAtMs, linkTarget, entryCount } = file;
  const path = folder === "" ? name : `${folder}/${name}`;
  const text = <StrangerText text={name} limit={300} />;
  const isReadable = (type === "file" || type === "hardlink") && path.length <= 4096;
  return (
    <li class={`file file-${type}`}>
      <span class="file-name">
        {type === "directory" ? (
          <a href={hrefTo(path)}>{text}/</a>
        ) : isReadable ? (
          <button type="button" class="link" onClick={() => onRead(path)}>
            {text}
          </button>
        ) : (
          text
        )}
        {linkTarget !== null && (
          <span class="quiet">
            {type === "hardlink" ? " = " : " → "}
            <StrangerText text={linkTarget} limit={300} />
          </span>
        )}
        {type === "whiteout" && <Chip tone="warn">removed here</Chip>}
        {name === ".." && (
          <Chip tone="bad" title="Engines refuse layers with such names">
            leads outside
          </Chip>
        )}
        {(type === "fifo" || type.endsWith("device")) && <Chip>{type.replace("-", " ")}</Chip>}
      </span>
      <span class="file-facts quiet">
        {mode !== null && <code>{formatMode(type, mode)}</code>}{" "}
        {type !== "whiteout" && (
          <span title="owner and group">
            {uid}:{gid}
          </span>
        )}
      </span>
      <span class="file-time">
        {modifiedAtMs !== null && modifiedAtMs > 0 && <TimeAgo atMs={Math.min(modifiedAtMs, 8.64e15)} />}
      </span>
      <span class="figure">
        {type === "directory"
          ? `${(entryCount ?? 0).toLocaleString("en")} ${entryCount === 1 ? "entry" : "entries"}`
          : type === "file"
            ? formatBytes(sizeBytes)
            : ""}
      </span>
    </li>
  );
}

/** The pages of a folder that have come so far. */
function useFolder(image: string, layer: string, folder: string) {
  const [pages, setPages] = useState<readonly Page[]>([]);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [isAsking, setIsAsking] = useState(true);
  const [round, setRound] = useState(0);
  const left = useRef(new AbortController());
  const ask = (after: string | null, signal: AbortSignal) => {
    setIsAsking(true);
    const request = { image, layer, folder, ...(after === null ? {} : { after }) };
    call("listLayerFiles", request, signal).then(
      (page) => {
        if (signal.aborted) return;
        setPages((before) => (after === null ? [page] : [...before, page]));
        setProblem(null);
        setIsAsking(false);
      },
      (failure: unknown) => {
        if (signal.aborted) return;
        setProblem(asProblem(failure));
        setIsAsking(false);
      },
    );
  };
  useEffect(() => {
    const mine = new AbortController();
    left.current = mine;
    setPages([]);
    setProblem(null);
    ask(null, mine.signal);
    return () => mine.abort();
  }, [image, layer, folder, round]);
  const next = pages.at(-1)?.next ?? null;
  const more = () => {
    if (!isAsking && next !== null) ask(next, left.current.signal);
  };
  return { pages, problem, isAsking, more, again: () => setRound((before) => before + 1) };
}
