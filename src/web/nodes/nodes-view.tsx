import { useAnswer } from "../api/use-answer.ts";
import { CommandBlock } from "../parts/command-block.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import type { ViewProps } from "../parts/view-props.ts";
import { AuthorityPanel } from "./authority-panel.tsx";
import { choiceOf } from "./guide-choice.ts";
import { NodeGuide } from "./node-guide.tsx";
import { NodeTable } from "./node-table.tsx";
import { ProgramsPanel } from "./programs-panel.tsx";
import "./nodes.css";

/** How machines come to pull from here, and which of them have. */
export function NodesView({ query }: ViewProps) {
  const { answer, problem, again } = useAnswer("listTargets", {});
  return (
    <>
      <h1>Nodes</h1>
      <ProblemNote problem={problem} again={again} />
      <section aria-labelledby="nodes-set-up" class="nodes-guide">
        <h2 id="nodes-set-up">Set up a node</h2>
        {answer === null ? <p class="quiet">Loading…</p> : <NodeGuide list={answer} choice={choiceOf(query)} />}
      </section>
      <section aria-labelledby="nodes-doctor">
        <h2 id="nodes-doctor">Does a node pull from here?</h2>
        <p>
          Only the node itself can tell: it is asked which runtimes it has, what they go by, whom the registries’ names
          lead to, and whether it trusts larder. Run this on it; nothing is changed.
        </p>
        {answer !== null && <CommandBlock command={answer.doctor} label="the line that examines a node" />}
      </section>
      <section aria-labelledby="nodes-pulled">
        <h2 id="nodes-pulled">Who has pulled lately</h2>
        <NodeTable />
      </section>
      <AuthorityPanel />
      <ProgramsPanel />
    </>
  );
}
