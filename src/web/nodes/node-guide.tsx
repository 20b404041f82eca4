import type { TargetList } from "../../admin/client-schemas.ts";
import { ApiProblem } from "../api/api-problem.ts";
import { useAnswer } from "../api/use-answer.ts";
import { Field } from "../parts/field.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { go, hrefOf } from "../parts/route.ts";
import { type GuideChoice, queryOf, requestOf, targetNamed } from "./guide-choice.ts";
import { pageWords } from "./page-words.ts";
import { TargetFilesShown } from "./target-files-shown.tsx";

type Target = TargetList["targets"][number];
type Choose = (change: Partial<GuideChoice>) => void;

const WAYS: Readonly<Record<Target["ways"][number]["mode"], { readonly name: string; readonly words: string }>> = {
  http: { name: "HTTP", words: "The runtime asks larder first, by its own setting, without TLS." },
  https: { name: "HTTPS", words: "The same with TLS; larder’s certificate authority comes along." },
  spoof: { name: "Names", words: "The runtime is told nothing: the registries’ names lead to larder." },
};

/** Chooses a runtime and a way, and shows what they take. */
export function NodeGuide({ list, choice }: { readonly list: TargetList; readonly choice: GuideChoice }) {
  const { answer, problem, again } = useAnswer("getTargetFiles", requestOf(choice));
  const choose: Choose = (change) => go(hrefOf("nodes", "", queryOf({ ...choice, ...change })), false);
  const target = targetNamed(list.targets, choice.target);
  return (
    <div class="nodes-columns">
      <form class="panel" onSubmit={(event) => event.preventDefault()}>
        <RuntimeField list={list} target={target} choose={choose} />
        {target !== undefined && <WayField target={target} choice={choice} choose={choose} />}
        <StandInsField standIns={list.standIns} choice={choice} choose={choose} />
        <Switches choice={choice} choose={choose} />
        <p class="quiet">Everything is written for {list.origin}, the address that this page was opened with.</p>
      </form>
      <div>
        <ProblemNote
          problem={problem && new ApiProblem(pageWords(problem.message), problem.status, problem.code)}
          {...(problem?.status === 0 && { again })}
        />
        {answer !== null && problem === null && <TargetFilesShown files={answer} />}
      </div>
    </div>
  );
}

type RuntimeProps = { readonly list: TargetList; readonly target: Target | undefined; readonly choose: Choose };

function RuntimeField({ list, target, choose }: RuntimeProps) {
  const groups = [
    { label: "On a node, by a script", targets: list.targets.filter(({ base }) => base !== "folder") },
    { label: "Files, for where nodes are made", targets: list.targets.filter(({ base }) => base === "folder") },
  ];
  return (
    <Field label="Runtime or tool">
      {(tied) => (
        <select
          {...tied}
          value={target?.name ?? ""}
          onChange={({ currentTarget }) => choose({ target: currentTarget.value, mode: null })}
        >
          {target === undefined && <option value="">Choose one</option>}
          {groups.map(({ label, targets }) => (
            <optgroup key={label} label={label}>
              {targets.map(({ name, summary, ways }) => (
                <option key={name} value={name}>
                  {name}: {summary}
                  {ways.every(({ problem }) => problem !== null) ? " (not from here)" : ""}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      )}
    </Field>
  );
}

type ChoiceProps = { readonly choice: GuideChoice; readonly choose: Choose };

function WayField({ target, choice, choose }: ChoiceProps & { readonly target: Target }) {
  const chosen = choice.mode ?? target.usual;
  return (
    <fieldset class="nodes-ways">
      <legend>Way</legend>
      {target.ways.map(({ mode, problem }) => (
        <label key={mode}>
          <input
            type="radio"
            name="way"
            value={mode}
            checked={mode === chosen}
            onChange={() => choose({ mode: mode === target.usual ? null : mode })}
          />
          <span>
            <strong>{WAYS[mode].name}</strong> <span class="quiet">{WAYS[mode].words}</span>
            {problem !== null && <span class="nodes-why-not">Not from here: {pageWords(problem)}.</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function StandInsField({ standIns, choice, choose }: ChoiceProps & { readonly standIns: readonly string[] }) {
  const all =
    standIns.length === 0 ? "larder stands in for none yet" : `all that larder stands in for: ${standIns.join(", ")}`;
  return (
    <Field label="Registries" hint={`Hosts, with commas between them. Empty: ${all}.`}>
      {(tied) => (
        <input
          {...tied}
          type="text"
          value={choice.standIns}
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => choose({ standIns: currentTarget.value })}
        />
      )}
    </Field>
  );
}

function Switches({ choice, choose }: ChoiceProps) {
  return (
    <div class="field">
      <label class="nodes-switch">
        <input
          type="checkbox"
          checked={choice.all}
          onChange={({ currentTarget }) => choose({ all: currentTarget.checked })}
        />
        <span>Every other registry, too, where the runtime can</span>
      </label>
      <label class="nodes-switch">
        <input
          type="checkbox"
          checked={choice.fallback}
          onChange={({ currentTarget }) => choose({ fallback: currentTarget.checked })}
        />
        <span>Let the runtime go to the registry itself when larder has no answer</span>
      </label>
    </div>
  );
}
