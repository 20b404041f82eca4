import { useEffect, useRef, useState } from "preact/hooks";
import { listLines, recordedRows } from "../../admin/recorded-rows.ts";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { ProblemNote } from "../parts/problem-note.tsx";
import { allImages } from "./all-images.ts";

type Form = "list" | "json";

/** The ways to take a recording along: a plain list for `larder preload`, and JSON for programs. */
export function ExportButtons({ name }: { readonly name: string }) {
  const [busy, setBusy] = useState<Form | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const left = useRef(new AbortController());
  useEffect(() => () => left.current.abort(), []);
  const save = async (form: Form) => {
    if (busy !== null) return;
    setBusy(form);
    setProblem(null);
    try {
      const images = await allImages(name, left.current.signal);
      if (form === "list") saveFile(`${name}.txt`, "text/plain", linesOf(images.flatMap(listLines)));
      else
        saveFile(`${name}.json`, "application/json", JSON.stringify(images.flatMap(recordedRows).map(plain), null, 2));
    } catch (failure) {
      if (!left.current.signal.aborted) setProblem(asProblem(failure));
    }
    if (!left.current.signal.aborted) setBusy(null);
  };
  return (
    <>
      <div class="buttons">
        <button type="button" aria-busy={busy === "list"} onClick={() => void save("list")}>
          Save as a list
        </button>
        <button type="button" aria-busy={busy === "json"} onClick={() => void save("json")}>
          Save as JSON
        </button>
      </div>
      <p class="quiet">
        The list names tags, digests and platforms: <code>larder preload {name}.txt</code> brings just that into another
        larder.
      </p>
      <ProblemNote problem={problem} />
    </>
  );
}

function linesOf(lines: readonly string[]): string {
  return [...new Set(lines)].map((line) => `${line}\n`).join("");
}

/** As `larder record show --json` has it. */
function plain({ atMs, ...row }: ReturnType<typeof recordedRows>[number]) {
  return { ...row, at: new Date(atMs).toISOString() };
}

function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
