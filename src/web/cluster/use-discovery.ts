import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiProblem, asProblem } from "../api/api-problem.ts";
import { lines } from "../api/call.ts";
import { collectLines, type Discovered } from "./discovered.ts";
import { type DiscoveryOptions, filesOfOptions, queryOf } from "./discovery-options.ts";
import { type GivenFiles, TooMuch } from "./given-files.ts";
import { readFiles } from "./read-files.ts";
import { type TarFile, tarOfFiles } from "./tar-of-files.ts";

/** What was given to be looked through. */
export type Given = {
  /** What people call it: the first names of what was given. */
  readonly title: string;
  readonly files: readonly TarFile[];
  /** What was not taken of it, in words. */
  readonly notes: readonly string[];
};

/** Where the looking is. */
export type Discovery = {
  readonly phase: "idle" | "reading" | "looking" | "done";
  readonly given: Given | null;
  readonly found: Discovered | null;
  readonly problem: ApiProblem | null;
};

const NOTHING: Discovery = { phase: "idle", given: null, found: null, problem: null };

/** Looks through what is given; what is given later takes its place. */
export function useDiscovery() {
  const [state, setState] = useState<Discovery>(NOTHING);
  const current = useRef<AbortController | null>(null);
  useEffect(() => () => current.current?.abort(), []);

  const begin = useCallback((): AbortSignal => {
    current.current?.abort();
    current.current = new AbortController();
    return current.current.signal;
  }, []);

  const run = useCallback(async (signal: AbortSignal, steps: () => Promise<void>) => {
    try {
      await steps();
    } catch (failure) {
      // What was given later has taken its place, or nobody is here any more.
      if (signal.aborted) return;
      const problem =
        failure instanceof TooMuch || !(failure instanceof ApiProblem || failure instanceof TypeError)
          ? new ApiProblem(failure instanceof Error ? failure.message : String(failure), 0, null)
          : asProblem(failure);
      setState((before) => ({ ...before, phase: "idle", problem }));
    }
  }, []);

  const look = useCallback(async (given: Given, options: DiscoveryOptions, signal: AbortSignal) => {
    setState((before) => ({
      phase: "looking",
      given,
      found: before.given === given ? before.found : null,
      problem: null,
    }));
    const upload = tarOfFiles([...given.files, ...filesOfOptions(options)]);
    const found = await collectLines(lines("discoverImages", { ...queryOf(options), upload }, signal));
    setState({ phase: "done", given, found, problem: null });
  }, []);

  /** Takes files, however they come, and looks through them. */
  const take = useCallback(
    (collect: (signal: AbortSignal) => Promise<GivenFiles> | GivenFiles, options: DiscoveryOptions) => {
      const signal = begin();
      setState({ ...NOTHING, phase: "reading" });
      void run(signal, async () => {
        const taken = await collect(signal);
        const { files, unreadable } = await readFiles(taken.files, signal);
        const notes = [...taken.notes, ...unreadable.map((path) => `${path} could not be read`)];
        if (files.length === 0) {
          throw new TooMuch(
            ["There are no files in it that larder could look through.", ...notes.slice(0, 5)].join(" "),
          );
        }
        await look({ title: titleOf(taken.files.map(({ path }) => path)), files, notes }, options, signal);
      });
    },
    [begin, look, run],
  );

  /** Looks through a text that was pasted; an empty one, for a release alone. */
  const takeText = useCallback(
    (text: string, options: DiscoveryOptions) => {
      const signal = begin();
      const content = new TextEncoder().encode(text);
      const isEmpty = text.trim() === "";
      const files = isEmpty ? [] : [{ path: nameOf(text), content }];
      const title = isEmpty ? `Kubernetes ${options.kubernetes.trim()}` : "Pasted text";
      void run(signal, () => look({ title, files, notes: [] }, options, signal));
    },
    [begin, look, run],
  );

  /** Looks once more through what was given last. */
  const again = useCallback(
    (options: DiscoveryOptions) => {
      const { given } = state;
      if (given === null) return;
      const signal = begin();
      void run(signal, () => look(given, options, signal));
    },
    [state, begin, look, run],
  );

  /** Puts what is known of images by now in its place. */
  const update = useCallback((change: (found: Discovered) => Discovered) => {
    setState((before) => (before.found === null ? before : { ...before, found: change(before.found) }));
  }, []);

  const forget = useCallback(() => {
    begin();
    setState(NOTHING);
  }, [begin]);

  return { ...state, take, takeText, again, update, forget };
}

/** Larder tells by the text what it is, unless a name says it. */
function nameOf(text: string): string {
  return /^\s*[{[]/.test(text) ? "pasted.json" : "pasted";
}

const TITLES = 3;

function titleOf(paths: readonly string[]): string {
  const tops = [...new Set(paths.map((path) => path.split("/")[0] ?? path))];
  const more = tops.length - TITLES;
  return more > 0 ? `${tops.slice(0, TITLES).join(", ")} and ${more} more` : tops.join(", ");
}
