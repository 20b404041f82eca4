import { useEffect, useRef, useState } from "preact/hooks";
import { entriesOfDrop, filesOfDrop, filesOfInput, type GivenFiles } from "./given-files.ts";

type Props = {
  /** Takes what was given; it is collected by what is called with a signal. */
  readonly onFiles: (collect: (signal: AbortSignal) => Promise<GivenFiles> | GivenFiles) => void;
  readonly onText: (text: string) => void;
  readonly isBusy: boolean;
};

/** Where files are dropped, chosen or pasted. A drop counts wherever it falls on the page. */
export function DropZone({ onFiles, onText, isBusy }: Props) {
  const isOver = useDrops(onFiles);
  const [text, setText] = useState("");
  return (
    <div class={`drop-zone${isOver ? " drop-over" : ""}`}>
      <p class="drop-title">{isOver ? "Drop to have it checked" : "Drop manifests, a chart or a list here"}</p>
      <p class="quiet">
        Files or whole folders: Kubernetes manifests, Helm charts (<code>.tgz</code> too), kustomizations, Compose
        files, Dockerfiles, lists of images, what <code>kubectl get pods -A -o yaml</code> prints.
      </p>
      <div class="buttons">
        <FileButton label="Choose files" isFolder={false} onFiles={onFiles} />
        <FileButton label="Choose a folder" isFolder onFiles={onFiles} />
      </div>
      <form
        class="drop-paste"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") onText(text);
        }}
      >
        <label for="paste">Or paste a manifest or a list of images</label>
        <textarea
          id="paste"
          rows={3}
          spellcheck={false}
          class="mono"
          placeholder={"docker.io/library/nginx:1.27\nquay.io/prometheus/node-exporter:v1.8.2"}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <button type="submit" aria-disabled={isBusy || text.trim() === ""}>
          Check
        </button>
      </form>
    </div>
  );
}

type ButtonProps = Pick<Props, "onFiles"> & { readonly label: string; readonly isFolder: boolean };

/** A button that opens the browser's choice of files. */
function FileButton({ label, isFolder, onFiles }: ButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current !== null) input.current.webkitdirectory = isFolder;
  }, [isFolder]);
  return (
    <>
      <button type="button" onClick={() => input.current?.click()}>
        {label}
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={label}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          // The same files may be chosen once more.
          currentTarget.value = "";
          if (files.length > 0) onFiles(() => filesOfInput(files));
        }}
      />
    </>
  );
}

/** Takes what is dropped anywhere on the page, so that nothing makes the browser leave it. Is something held over it now? */
function useDrops(onFiles: Props["onFiles"]): boolean {
  const [isOver, setIsOver] = useState(false);
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
    const over = (event: DragEvent) => {
      if (!holdsFiles(event) || event.dataTransfer === null) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      setIsOver(true);
    };
    // Of those that leave one element for another within the page, nothing is to be seen.
    const leave = (event: DragEvent) => event.relatedTarget === null && setIsOver(false);
    const drop = (event: DragEvent) => {
      setIsOver(false);
      if (!holdsFiles(event) || event.dataTransfer === null) return;
      event.preventDefault();
      const entries = entriesOfDrop(event.dataTransfer);
      latest.current((signal) => filesOfDrop(entries, signal));
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);
  return isOver;
}
