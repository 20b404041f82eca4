import "./cluster.css";
import { useCallback, useState } from "preact/hooks";
import type { AnswerOf } from "../../admin/contract.ts";
import { call } from "../api/call.ts";
import { useSession } from "../api/session.ts";
import { ProblemNote } from "../parts/problem-note.tsx";
import { type Discovered, type NeededImage, withStates } from "./discovered.ts";
import { type DiscoveryOptions, flagsOf, USUAL_OPTIONS } from "./discovery-options.ts";
import { DropZone } from "./drop-zone.tsx";
import { FetchJobList } from "./fetch-job-list.tsx";
import { Found } from "./found.tsx";
import { OptionsForm } from "./options-form.tsx";
import { useDiscovery } from "./use-discovery.ts";
import { useFetchJob } from "./use-fetch-job.ts";

/** Images in one question. */
const CHECKED_AT_ONCE = 1000;

/** What a cluster needs: files say it, the page tells what of it is here, and one click brings the rest. */
export function ClusterView({ query }: { readonly query: URLSearchParams }) {
  const { session } = useSession();
  const [options, setOptions] = useState<DiscoveryOptions>({
    ...USUAL_OPTIONS,
    platforms: query.get("platforms") ?? USUAL_OPTIONS.platforms,
  });
  const { phase, given, found, problem, take, takeText, again, update, forget } = useDiscovery();
  const [jobId, setJobId] = useState<string | null>(null);
  const [openJob, setOpenJob] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  const { job } = useFetchJob(jobId, round);
  const recheck = useCallback(() => {
    if (found === null) return;
    void checkAll(found).then((images) => update((known) => withStates(known, images)));
  }, [found, update]);
  const isBusy = phase === "reading" || phase === "looking";
  return (
    <>
      <h1>Cluster</h1>
      <p class="lead">What do your manifests, charts and lists need, what of it is here, and what is missing?</p>
      <DropZone
        isBusy={isBusy}
        onFiles={(collect) => {
          setJobId(null);
          take(collect, options);
        }}
        onText={(text) => {
          setJobId(null);
          takeText(text, options);
        }}
      />
      <OptionsForm
        options={options}
        onChange={setOptions}
        onAgain={given === null ? null : () => again(options)}
        onRelease={() => takeText("", options)}
      />
      <p role="status" class="quiet">
        {phase === "reading" ? "Reading the files…" : phase === "looking" ? "Larder looks through them…" : ""}
      </p>
      <ProblemNote problem={problem} />
      {given !== null && found !== null && (
        <Found
          given={given}
          found={found}
          flags={flagsOf(options)}
          job={job}
          onForget={() => {
            setJobId(null);
            forget();
          }}
          onBegun={({ id }) => {
            setJobId(id);
            setRound((before) => before + 1);
          }}
        />
      )}
      {session?.may.administer === "all" && (
        <FetchJobList round={round} open={openJob} onOpen={setOpenJob} onEnd={recheck} />
      )}
    </>
  );
}

/** What is here by now of all that was found. What cannot be asked stays as it was. */
async function checkAll({ images }: Discovered): Promise<readonly NeededImage[]> {
  const checked: NeededImage[] = [];
  while (checked.length < images.length) {
    const some = images.slice(checked.length, checked.length + CHECKED_AT_ONCE);
    const asked = some.map(({ image, platforms }) => ({ image, platforms }));
    const { images: states } = await call("checkImages", { images: asked }).catch(
      (): AnswerOf<"checkImages"> => ({ images: [] }),
    );
    if (states.length === 0) return [...checked, ...images.slice(checked.length)];
    for (const [at, state] of states.entries()) {
      const image = some[at];
      if (image !== undefined) checked.push({ ...image, ...state });
    }
  }
  return checked;
}
