import { useId, useState } from "preact/hooks";
import type { AnswerOf, RequestOf } from "../../admin/contract.ts";
import { call } from "../api/call.ts";
import { announce } from "../parts/announcer.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Field } from "../parts/field.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { FormButtons } from "./form-buttons.tsx";
import { generatePassword } from "./generate-password.ts";
import { type Given, givenOf, grantsOf, whyNoGrants } from "./given.ts";
import { GrantFields } from "./grant-fields.tsx";
import { useForm } from "./use-form.ts";

type User = AnswerOf<"listUsers">["users"][number];
/** What of a user is put. */
export type UserChange = "add" | "password" | "grants";

type Props = {
  readonly change: UserChange;
  /** Null: one who is added. */
  readonly user: User | null;
  readonly onClose: () => void;
  /** It is done. `secret`: the password that was made up, to be shown; null: it was typed, or stays. */
  readonly onDone: (name: string, secret: string | null) => void;
};

const ACTIONS: Readonly<Record<UserChange, string>> = { add: "Add", password: "Change", grants: "Change" };

/** Adds a user, or changes the password or the rights of one. */
export function UserDialog({ change, user, onClose, onDone }: Props) {
  const form = useForm();
  const id = useId();
  const [name, setName] = useState(user?.name ?? "");
  const [isTyped, setIsTyped] = useState(false);
  const [password, setPassword] = useState("");
  const [given, setGiven] = useState<Given>(() => givenOf(user?.grants ?? null));
  const [isTried, setIsTried] = useState(false);
  const grantError = change === "password" ? null : whyNoGrants(given);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setIsTried(true);
    if (grantError !== null) return;
    form.send(async () => {
      const secret = change === "grants" || isTyped ? null : generatePassword();
      const { status } = await call("putUser", requestOf(change, name.trim(), secret ?? password, given));
      announce(status === "added" ? `${name.trim()} is added` : `${name.trim()} is changed`);
      onDone(name.trim(), secret);
    });
  };
  return (
    <Dialog
      title={titleOf(change, user)}
      onClose={onClose}
      buttons={<FormButtons form={id} action={ACTIONS[change]} isBusy={form.isBusy} onClose={onClose} />}
    >
      <form id={id} onSubmit={submit}>
        <Field label="Name" {...(change === "add" && { hint: "Lower-case letters, digits, and . _ - @" })}>
          {(tied) => (
            <input
              {...tied}
              name="name"
              value={name}
              readOnly={change !== "add"}
              required
              autofocus={change === "add"}
              maxLength={64}
              spellcheck={false}
              autocapitalize="none"
              autocomplete={change === "add" ? "off" : "username"}
              onInput={({ currentTarget }) => setName(currentTarget.value)}
            />
          )}
        </Field>
        {change !== "grants" && (
          <>
            <label class="choice">
              <input
                type="checkbox"
                checked={!isTyped}
                onChange={({ currentTarget }) => setIsTyped(!currentTarget.checked)}
              />
              <span>Make up a password, and show it once</span>
            </label>
            {isTyped && (
              <Field label={change === "add" ? "Password" : "New password"} hint="72 bytes at most">
                {(tied) => (
                  <input
                    {...tied}
                    name="password"
                    type="password"
                    value={password}
                    required
                    autocomplete="new-password"
                    onInput={({ currentTarget }) => setPassword(currentTarget.value)}
                  />
                )}
              </Field>
            )}
          </>
        )}
        {change !== "password" && (
          <GrantFields
            given={given}
            onChange={setGiven}
            usual="what rules say of all users"
            error={isTried ? grantError : null}
          />
        )}
        {change === "password" && <p class="hint">Sessions and logins with the password of before end by that.</p>}
        <ProblemNote problem={form.problem} />
      </form>
    </Dialog>
  );
}

function titleOf(change: UserChange, user: User | null): string {
  if (change === "add" || user === null) return "Add a user";
  return change === "password" ? `A new password for ${user.name}` : `What ${user.name} may`;
}

function requestOf(change: UserChange, name: string, password: string, given: Given): RequestOf<"putUser"> {
  const grants = grantsOf(given);
  if (change === "add") return { name, password, grants, expect: "absent" };
  if (change === "password") return { name, password, expect: "present" };
  return { name, grants, expect: "present" };
}
