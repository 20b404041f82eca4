import { useState } from "preact/hooks";
import { Field } from "../parts/field.tsx";
import { type Given, type GivenSome, NOTHING_YET } from "./given.ts";

const ACTIONS = ["pull", "push", "delete"];

type Props = {
  readonly given: Given;
  readonly onChange: (given: Given) => void;
  /** What is said of the choice of no grants of one's own; null: there is none. */
  readonly usual: string | null;
  readonly error: string | null;
};

/** Fields for what somebody may. */
export function GrantFields({ given, onChange, usual, error }: Props) {
  const [group] = useState(() => `grants-${Math.random().toString(36).slice(2)}`);
  const choice = (kind: Given["kind"], words: string) => (
    <label class="choice">
      <input type="radio" name={group} checked={given.kind === kind} onChange={() => onChange({ ...given, kind })} />
      <span>{words}</span>
    </label>
  );
  const put = (at: number, grant: GivenSome) =>
    onChange({ ...given, some: given.some.map((one, index) => (index === at ? grant : one)) });
  return (
    <fieldset class="grants">
      <legend>May</legend>
      {usual !== null && choice("usual", usual)}
      {choice("some", "some things, on some names")}
      {given.kind === "some" && (
        <div class="grants-some">
          {given.some.map((grant, at) => (
            <GrantRow
              key={at}
              grant={grant}
              onChange={(changed) => put(at, changed)}
              onRemove={
                given.some.length === 1
                  ? null
                  : () => onChange({ ...given, some: given.some.filter((_, index) => index !== at) })
              }
            />
          ))}
          {error !== null && (
            <p class="error" role="alert">
              {error}
            </p>
          )}
          <button type="button" onClick={() => onChange({ ...given, some: [...given.some, NOTHING_YET] })}>
            Add other names
          </button>
        </div>
      )}
      {choice("everything", "everything, administering larder as well")}
    </fieldset>
  );
}

type RowProps = {
  readonly grant: GivenSome;
  readonly onChange: (grant: GivenSome) => void;
  /** Null: it is the only one. */
  readonly onRemove: (() => void) | null;
};

/** What may be done on some names. */
function GrantRow({ grant, onChange, onRemove }: RowProps) {
  // What the command line gave beyond these three stays to be seen, and to be taken away.
  const [offered] = useState(() => [...ACTIONS, ...grant.actions.filter((one) => !ACTIONS.includes(one))]);
  return (
    <div class="grant">
      <div class="choices">
        {offered.map((action) => (
          <label key={action} class="choice">
            <input
              type="checkbox"
              checked={grant.actions.includes(action)}
              onChange={({ currentTarget: { checked } }) => {
                const chosen = offered.filter((one) => (one === action ? checked : grant.actions.includes(one)));
                onChange({ ...grant, actions: chosen });
              }}
            />
            <span>{action === "*" ? "all of it (*)" : action}</span>
          </label>
        ))}
        {onRemove !== null && (
          <button type="button" class="link" onClick={onRemove}>
            Remove<span class="off-screen"> what is given on {grant.names}</span>
          </button>
        )}
      </div>
      <Field
        label="On names"
        hint="Patterns, with commas between: team/** is larder's own, docker.io/** a registry's, ** everything."
      >
        {(tied) => (
          <input
            {...tied}
            value={grant.names}
            spellcheck={false}
            autocapitalize="none"
            autocomplete="off"
            onInput={({ currentTarget }) => onChange({ ...grant, names: currentTarget.value })}
          />
        )}
      </Field>
    </div>
  );
}
