import type { TargetFiles } from "../../admin/client-schemas.ts";
import { CommandBlock } from "../parts/command-block.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { pageWords } from "./page-words.ts";

/** The lines of a target, and its files to look at and to take away. */
export function TargetFilesShown({ files: of }: { readonly files: TargetFiles }) {
  const { name, join, undo, undoOnNode, paths, files, notes } = of;
  return (
    <>
      <h3>{undo === null ? "Get the files: unpacked where you stand" : "Join: on the node, as root"}</h3>
      <CommandBlock command={join} label={`the line that joins: ${name}`} />
      {undo === null ? (
        <p class="quiet">The way back is to take them away again.</p>
      ) : (
        <>
          <h3>Undo: as it was before, byte for byte</h3>
          <CommandBlock command={undo} label="the line that undoes it" />
          {undoOnNode !== null && (
            <>
              <p class="quiet">The same on a node that does not reach larder:</p>
              <CommandBlock command={undoOnNode} label="the line that undoes it without larder" />
            </>
          )}
        </>
      )}
      {notes.length > 0 && (
        <ul class="note nodes-notes">
          {notes.map((note) => (
            <li key={note}>{pageWords(note)}</li>
          ))}
        </ul>
      )}
      <h3>Files</h3>
      <p class="buttons">
        <a class="button" href={paths.archive} download={`${name}.tar`}>
          Download all (.tar)
        </a>
        {paths.script !== null && (
          <a class="button" href={paths.script} download={`larder-${name}.sh`}>
            Download the script
          </a>
        )}
        <a class="button" href={paths.text}>
          Show as text
        </a>
      </p>
      {files.map(({ path, content, remark }) => (
        <details key={path} class="nodes-file" open={files.length <= 3}>
          <summary>
            <code>{path}</code> {remark !== "" && <span class="quiet">{remark}</span>}
          </summary>
          <div class="command">
            <pre tabIndex={0} role="group" aria-label={path}>
              <code>{content}</code>
            </pre>
            <CopyButton text={content} label={path} />
          </div>
        </details>
      ))}
    </>
  );
}
