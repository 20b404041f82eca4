import { useId, useState } from "preact/hooks";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { call } from "../api/call.ts";
import { announce } from "../parts/announcer.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Field } from "../parts/field.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";

/** Asks what is to be recorded, and begins. */
export function StartRecording({ onClose }: { readonly onClose: () => void }) {
  const form = useId();
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const start = async (event: SubmitEvent) => {
    event.preventDefault();
    const { currentTarget } = event;
    if (isBusy || !(currentTarget instanceof HTMLFormElement)) return;
    setIsBusy(true);
    setProblem(null);
    try {
      const { name } = await call("startRecording", requestOf(new FormData(currentTarget)));
      announce(`${name} records from now on`);
      onClose();
    } catch (failure) {
      setProblem(asProblem(failure));
      setIsBusy(false);
    }
  };
  const buttons = (
    <>
      <button type="button" onClick={onClose}>
        Cancel
      </button>
      <button type="submit" form={form} class="primary" aria-disabled={isBusy} aria-busy={isBusy}>
        {isBusy ? "Wait…" : "Start"}
      </button>
    </>
  );
  return (
    <Dialog title="Start a recording" onClose={onClose} buttons={buttons}>
      <form id={form} onSubmit={(event) => void start(event)}>
        <Field label="Name" hint="Letters, digits, “.”, “_” and “-”: prod-2026-11">
          {(tied) => (
            <input {...tied} name="name" required autofocus maxLength={64} autocomplete="off" spellcheck={false} />
          )}
        </Field>
        <Field
          label="Only what is pulled from"
          hint="Networks or addresses, such as 10.0.0.0/8, fd00::/8 or 10.0.0.7, with spaces between them. Empty: every pull."
        >
          {(tied) => <input {...tied} name="from" autocomplete="off" spellcheck={false} />}
        </Field>
        <p>
          <label>
            <input type="checkbox" name="append" /> Go on with a recording of this name that has been
          </label>
        </p>
        <ProblemNote problem={problem} />
      </form>
    </Dialog>
  );
}

function requestOf(form: FormData) {
  const text = (name: string): string => {
    const value = form.get(name);
    return typeof value === "string" ? value : "";
  };
  const from = text("from")
    .split(/[\s,]+/)
    .filter((one) => one !== "");
  return { name: text("name").trim(), from, append: form.has("append") };
}
