import { useEffect, useId, useState } from "preact/hooks";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { signIn, useSession } from "../api/session.ts";
import { announce } from "./announcer.tsx";
import { Dialog } from "./dialog.tsx";
import { Field } from "./field.tsx";
import { onSignIn } from "./open-sign-in.ts";

/** Where people are asked to sign in; once in the page. */
export function SignInPlace() {
  const [isOpen, setIsOpen] = useState(false);
  useEffect(() => onSignIn(() => setIsOpen(true)), []);
  return isOpen ? <SignInDialog onClose={() => setIsOpen(false)} /> : null;
}

type Way = "password" | "token";

function SignInDialog({ onClose }: { readonly onClose: () => void }) {
  const { ended } = useSession();
  const [way, setWay] = useState<Way>("password");
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const form = useId();
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const { currentTarget } = event;
    if (isBusy || !(currentTarget instanceof HTMLFormElement)) return;
    setIsBusy(true);
    setProblem(null);
    try {
      const { principal } = await signIn(requestOf(new FormData(currentTarget), way));
      announce(`You are signed in as ${principal ?? "nobody"}`);
      onClose();
    } catch (failure) {
      setProblem(asProblem(failure));
      setIsBusy(false);
      currentTarget.querySelector<HTMLInputElement>("input[type=password]")?.select();
    }
  };
  const buttons = (
    <>
      <button type="button" onClick={onClose}>
        Cancel
      </button>
      <button type="submit" form={form} class="primary" aria-disabled={isBusy} aria-busy={isBusy}>
        {isBusy ? "Wait…" : "Sign in"}
      </button>
    </>
  );
  return (
    <Dialog title="Sign in" onClose={onClose} buttons={buttons}>
      <form id={form} onSubmit={(event) => void submit(event)}>
        {way === "password" ? <PasswordFields name={ended} /> : <TokenField />}
        {problem !== null && (
          <p class="note note-problem" role="alert">
            {problem.message}
          </p>
        )}
        {isOverheard() && (
          <p class="hint">
            This connection is not encrypted: who listens on the way to larder reads what you type here.{" "}
            <code>--https</code> gives larder a certificate.
          </p>
        )}
        <button
          type="button"
          class="link"
          onClick={() => {
            setWay(way === "password" ? "token" : "password");
            setProblem(null);
          }}
        >
          {way === "password" ? "Sign in with a token instead" : "Sign in with a password instead"}
        </button>
      </form>
    </Dialog>
  );
}

/** `name`: who was signed in before. */
function PasswordFields({ name }: { readonly name: string | null }) {
  return (
    <>
      <Field label="Name">
        {(tied) => (
          <input
            {...tied}
            name="name"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            required
            autofocus
            defaultValue={name?.includes(":") === true ? "" : (name ?? "")}
          />
        )}
      </Field>
      <Field label="Password">
        {(tied) => <input {...tied} name="password" type="password" autocomplete="current-password" required />}
      </Field>
    </>
  );
}

function TokenField() {
  return (
    <Field label="Token" hint={<>As “larder token create” printed it. You may what it was given.</>}>
      {(tied) => (
        <input {...tied} name="token" type="password" autocomplete="off" spellcheck={false} required autofocus />
      )}
    </Field>
  );
}

function requestOf(form: FormData, way: Way) {
  const text = (name: string): string => {
    const value = form.get(name);
    return typeof value === "string" ? value : "";
  };
  return way === "token" ? { token: text("token").trim() } : { name: text("name").trim(), password: text("password") };
}

/** Does what is typed here go over a network as it is? */
function isOverheard(): boolean {
  const { protocol, hostname } = location;
  return protocol === "http:" && !/^(localhost|127\..*|\[::1\])$/.test(hostname);
}
