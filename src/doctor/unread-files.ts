import { expandPattern } from "../clients/merge/file-reader.ts";
import { parseContainerdConfig } from "./containerd-config.ts";
import type { FoundContainerd } from "./find-containerd.ts";
import { startOfProcess, type RunningProcess } from "./find-process.ts";
import { fail, type Finding } from "./finding.ts";
import type { NodeFiles } from "./node-files.ts";

/** A file that is written just after the start is perhaps read; and clocks are no better than that. */
const TOLERANCE_MS = 200;
const MOST_IMPORTS = 100;

/** Those of its files that were changed after the containerd that runs had started: it reads them at its start alone. */
export async function unreadFiles(
  { path, text }: FoundContainerd,
  running: RunningProcess,
  files: NodeFiles,
  nowMs: number,
): Promise<readonly Finding[]> {
  const startedAtMs = await startOfProcess(running.id, files, nowMs);
  if (startedAtMs === null) return [];
  const unread: string[] = [];
  for (const file of await withImports(path, text ?? "", files)) {
    const changedAtMs = await files.modifiedAtMs(file);
    if (changedAtMs !== null && changedAtMs > startedAtMs + TOLERANCE_MS) unread.push(file);
  }
  return unread.map((file) =>
    fail(
      "containerd",
      `the containerd that runs (process ${running.id}) was started before ${file} was changed, and has not read it`,
      "restart it: systemctl restart containerd",
    ),
  );
}

/** The file, what it imports, and what these import. A pattern is relative to the file that it stands in. */
async function withImports(path: string, text: string, files: NodeFiles): Promise<readonly string[]> {
  const seen = new Set([path]);
  const waiting = [{ path, text }];
  for (let next = waiting.pop(); next !== undefined && seen.size < MOST_IMPORTS; next = waiting.pop()) {
    const folder = next.path.slice(0, next.path.lastIndexOf("/"));
    for (const pattern of parseContainerdConfig(next.text)?.imports ?? []) {
      const found = await expandPattern(pattern.startsWith("/") ? pattern : `${folder}/${pattern}`, files);
      for (const imported of found.filter((one) => !seen.has(one))) {
        const content = await files.read(imported);
        if (content === null) continue;
        seen.add(imported);
        waiting.push({ path: imported, text: content });
      }
    }
  }
  return [...seen];
}
