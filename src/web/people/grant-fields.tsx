import { useState } from "preact/hooks";
import { Field } from "../parts/field.tsx";

const ACTIONS = ["pull", "push", "delete"] as const;
type ActionName = (typeof ACTIONS)[number];

/** What somebody is to be given, as a form has it. */
export type Given = {
  readonly kind: "usual" | "everything" | "some";
  readonly actions: readonly ActionName[];
  readonly names: string;
};

/** The texts of grants that a form spells; null: none of one's own. */
export function grantsOf({ kind, actions, names }: Given): readonly string[] | null {
  if (kind === "usual") return null;
  if (kind === "everything") return ["*:**"];
  const patterns = names.split(/[\s,]+/).filter((name) => name !== "");
  return [`${ACTIONS.filter((action) => actions.includes(action)).join(",")}:${patterns.join(",")}`];
}

/** Why a form spells no grants; null: it does. */
export function whyNoGrants({ kind, actions, names }: Given): string | null {
  if (kind !== "some") return null;
  if (actions.length === 0) return "Choose what may be done.";
  return names.trim() === "" ? "Write on which names, or ** for all." : null;
}

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
  const choose = (kind: Given["kind"]) => () => onChange({ ...given, kind });
  const toggle = (action: ActionName, isOn: boolean) => {
    const others = given.actions.filter((one) => one !== action);
    onChange({ ...given, actions: isOn ? [...others, action] : others });
  };
  const choice = (kind: Given["kind"], words: string) => (
    <label class="choice">
      <input type="radio" name={group} checked={given.kind === kind} onChange={choose(kind)} />
      <span>{words}</span>
    </label>
  );
  return (
    <fieldset class="grants">
      <legend>May</legend>
      {usual !== null && choice("usual", usual)}
      {choice("some", "some things, on some names")}
      {given.kind === "some" && (
        <div class="grants-some">
          <div class="choices">
            {ACTIONS.map((action) => (
              <label key={action} class="choice">
                <input
                  type="checkbox"
                  checked={given.actions.includes(action)}
                  onChange={({ currentTarget }) => toggle(action, currentTarget.checked)}
                />
                <span>{action}</span>
              </label>
            ))}
          </div>
          <Field
            label="On names"
            hint="Patterns, with commas between: team/** is larder's own, docker.io/** a registry's, ** everything."
            error={error}
          >
            {(tied) => (
              <input
                {...tied}
                value={given.names}
                spellcheck={false}
                autocapitalize="none"
                autocomplete="off"
                onInput={({ currentTarget }) => onChange({ ...given, names: currentTarget.value })}
              />
            )}
          </Field>
        </div>
      )}
      {choice("everything", "everything, administering larder as well")}
    </fieldset>
  );
}
