import { useId, useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Field } from "../parts/field.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { FormButtons } from "./form-buttons.tsx";
import { type Given, grantsOf, whyNoGrants } from "./given.ts";
import { GrantFields } from "./grant-fields.tsx";
import { useForm } from "./use-form.ts";

const DAY_MS = 86_400_000;
const TIMES = [
  { name: "12 hours", ms: DAY_MS / 2 },
  { name: "7 days", ms: 7 * DAY_MS },
  { name: "30 days", ms: 30 * DAY_MS },
  { name: "90 days", ms: 90 * DAY_MS },
  { name: "a year", ms: 365 * DAY_MS },
  { name: "as long as nobody revokes it", ms: null },
] as const;
const USUAL = 3;

type Props = {
  readonly onClose: () => void;
  /** It is made; `secret` is told this once. */
  readonly onDone: (name: string, secret: string) => void;
};

/** Makes a token. */
export function TokenDialog({ onClose, onDone }: Props) {
  const form = useForm();
  const id = useId();
  const [name, setName] = useState("");
  const [time, setTime] = useState<number>(USUAL);
  const [given, setGiven] = useState<Given>({
    kind: "some",
    some: [{ actions: ["pull", "push"], names: "" }],
  });
  const [isTried, setIsTried] = useState(false);
  const grantError = whyNoGrants(given);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (grantError !== null) return;
    form.send(async () => {
      const grants = grantsOf(given) ?? [];
      const expiresAfterMs = TIMES[time]?.ms ?? null;
      const made = await call("createToken", { name: name.trim(), grants, expiresAfterMs });
      onDone(made.name, made.token);
    });
  };
  return (
    <Dialog
      title="Create a token"
      onClose={onClose}
      buttons={<FormButtons form={id} action="Create" isBusy={form.isBusy} onClose={onClose} />}
    >
      <form id={id} onSubmit={submit}>
        <Field
          label="Name"
          hint="What it is called in lists, rules and the audit log: lower-case letters, digits, . _ -"
        >
          {(tied) => (
            <input
              {...tied}
              name="token-name"
              value={name}
              required
              autofocus
              maxLength={64}
              spellcheck={false}
              autocapitalize="none"
              autocomplete="off"
              onInput={({ currentTarget }) => setName(currentTarget.value)}
            />
          )}
        </Field>
        <GrantFields given={given} onChange={setGiven} usual={null} error={isTried ? grantError : null} />
        <Field label="Good for">
          {(tied) => (
            <select
              {...tied}
              value={String(time)}
              onChange={({ currentTarget }) => setTime(Number(currentTarget.value))}
            >
              {TIMES.map(({ name: words }, at) => (
                <option key={words} value={String(at)}>
                  {words}
                </option>
              ))}
            </select>
          )}
        </Field>
        <ProblemNote problem={form.problem} />
      </form>
    </Dialog>
  );
}
