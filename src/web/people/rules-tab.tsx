import { useState } from "preact/hooks";
import type { AnswerOf } from "../../admin/contract.ts";
import { call } from "../api/call.ts";
import { useAnswer } from "../api/use-answer.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { Field } from "../parts/field.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { useForm } from "./use-form.ts";

type Told = AnswerOf<"testRule">;
const ACTIONS = ["pull", "push", "delete", "administer"] as const;
const EVERYTHING = "**";

/** The rules as they hold now, and a question to them. */
export function RulesTab() {
  const { answer, problem, again } = useAnswer("listRules", {});
  return (
    <>
      <ProblemNote problem={problem} again={again} />
      <RuleTest />
      <h2>Rules as they hold now</h2>
      {answer !== null && (
        <>
          {!answer.isSetUp && <p>They count as soon as there is a user or a token, or larder.yaml has auth.</p>}
          <p class="quiet">
            {answer.isWritten
              ? "As larder.yaml has them. A rule allows; what none allows is refused."
              : "The usual ones, since larder.yaml has none (auth.rules). Users and tokens that were given rights of their own have those."}
          </p>
          <ol class="rules">
            {answer.rules.map(({ number, words }) => (
              <li key={number}>{words}</li>
            ))}
          </ol>
          {answer.isCut && <p class="quiet">There are more; larder.yaml has them all.</p>}
          <details>
            <summary>In larder.yaml</summary>
            <div class="command">
              <pre tabIndex={0} role="group" aria-label="The rules as larder.yaml has them">
                <code>{answer.yaml}</code>
              </pre>
              <CopyButton text={answer.yaml} label="the rules as larder.yaml has them" />
            </div>
          </details>
        </>
      )}
    </>
  );
}

/** May somebody do something, and why? */
function RuleTest() {
  const form = useForm();
  const [told, setTold] = useState<{ readonly question: string; readonly answer: Told } | null>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const { currentTarget } = event;
    if (!(currentTarget instanceof HTMLFormElement)) return;
    const fields = new FormData(currentTarget);
    const text = (name: string): string => {
      const value = fields.get(name);
      return typeof value === "string" ? value.trim() : "";
    };
    const action = ACTIONS.find((one) => one === text("action")) ?? "pull";
    const [subject, name] = [text("subject"), text("name") || EVERYTHING];
    form.send(async () => {
      setTold(null);
      const answer = await call("testRule", { subject, action, name });
      const what = name === EVERYTHING ? "everything" : name;
      setTold({ question: `${subject} ${answer.isAllowed ? "may" : "may not"} ${action} ${what}`, answer });
    });
  };
  return (
    <form class="panel rule-test" onSubmit={submit}>
      <h2>May somebody do something?</h2>
      <div class="rule-fields">
        <Field label="Who" hint="bob, token:ci, anonymous, this-machine, certificate:node1, github:…">
          {(tied) => (
            <input {...tied} name="subject" required spellcheck={false} autocapitalize="none" autocomplete="off" />
          )}
        </Field>
        <Field label="Does what">
          {(tied) => (
            <select {...tied} name="action">
              {ACTIONS.map((action) => (
                <option key={action}>{action}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label="To what" hint="A repository, such as team/app or docker.io/library/nginx; empty: everything">
          {(tied) => <input {...tied} name="name" spellcheck={false} autocapitalize="none" autocomplete="off" />}
        </Field>
        <button type="submit" class="primary" aria-busy={form.isBusy}>
          Ask
        </button>
      </div>
      <ProblemNote problem={form.problem} />
      <div role="status">
        {told !== null && (
          <p class={`told ${told.answer.isAllowed ? "told-yes" : "told-no"}`}>
            <strong>{told.question}:</strong> {told.answer.reason}.
          </p>
        )}
      </div>
    </form>
  );
}
